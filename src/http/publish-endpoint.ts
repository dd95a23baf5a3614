// Publishing over HTTP: from a body to the recorded event, or to the answer that says why not.
import { randomBytes } from 'node:crypto';
import { parsePublishBody } from '../publish/http-body.ts';
import { eventJson, parseElement } from '../runs/event.ts';
import type { Name } from '../runs/record.ts';
import type { Outcome, Store } from '../runs/store.ts';
import type { BadField, Update } from '../runs/update.ts';
import { HttpProblem } from './problem.ts';

export interface PublishEndpoint {
  /** Records the update in `body`; fulfilled with the event as JSON. Throws 400, 422 or 503. */
  publish(runId: string, body: string): Promise<string>;
}

/** The server is a source of its own: a random name, and a counter. */
export function createPublishEndpoint(record: Store['record']): PublishEndpoint {
  const source = `h${randomBytes(9).toString('base64url')}`;
  let n = 0;
  return {
    publish: async (runId, body) => {
      const update = updateIn(runId, body);
      const name: Name = { source, n: ++n };
      const [outcome] = await record([{ runId, update, name }], { wantElements: true });
      return eventOf(outcome);
    },
  };
}

function updateIn(runId: string, body: string): Update {
  const parsed = parsePublishBody(runId, body);
  if (parsed.ok) return parsed.update;
  switch (parsed.fault) {
    case 'not-json':
      throw new HttpProblem(400, 'not-json', 'The body is not JSON.');
    case 'not-an-object':
      throw new HttpProblem(422, 'bad-update', 'The body must be a JSON object.');
    case 'bad-fields':
      throw new HttpProblem(422, 'bad-update', sentence(parsed.bad), { errors: parsed.bad });
  }
}

function sentence(bad: readonly BadField[]): string {
  return `${bad.map(({ field, problem }) => `${field} ${problem}`).join('; ')}. Nothing was recorded.`;
}

function eventOf(outcome: Outcome | undefined): string {
  const event = outcome?.status === 'recorded' ? parseElement(outcome.element ?? '') : null;
  if (event) return eventJson(event);
  const reason = outcome && 'reason' in outcome ? outcome.reason : 'the store gave no answer';
  const headers = { 'Retry-After': '2' };
  switch (outcome?.status) {
    case 'rejected':
      throw new HttpProblem(503, 'not-recorded', `The store refuses this run: ${reason}.`);
    case 'refused':
      throw new HttpProblem(503, 'not-recorded', `Nothing was recorded: ${reason}.`, { headers });
    default:
      throw new HttpProblem(503, 'outcome-unknown', `It may have been recorded, or not: ${reason}.`, {
        headers,
      });
  }
}
