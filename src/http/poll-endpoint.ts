// Polling: a run's snapshot as a plain answer, with its id as ETag.
import type { IncomingMessage } from 'node:http';
import type { Hub } from '../runs/hub.ts';
import type { Run } from '../runs/run.ts';
import type { AddressOf } from './client-address.ts';
import { HttpProblem } from './problem.ts';
import { runInPath } from './requested-run.ts';
import type { AnswerContext, Route } from './route.ts';

export interface PollEndpointOptions {
  hub: Hub;
  addressOf: AddressOf;
}

export function pollRoutes({ hub, addressOf }: PollEndpointOptions): Route[] {
  async function poll({ request, response, runIds }: AnswerContext) {
    const client = () => addressOf(request, request.socket);
    const run = await hub.open(runIds[0] ?? '', { confirmUnknown: true, client });
    const headers = { ETag: etagOf(run), 'Cache-Control': 'no-cache' };
    if (hasNamed(request, headers.ETag)) {
      response.writeHead(304, headers).end();
      return;
    }
    const { parts, byteLength } = run.snapshot();
    response.writeHead(200, {
      ...headers,
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': byteLength,
    });
    for (const part of parts) response.write(part);
    response.end();
  }

  return [{ method: 'GET', path: '/api/runs/:run_id', scope: 'read', runsOf: runInPath, answer: poll }];
}

/** Throws 404, or 503 if the store could not say that the run is unknown. */
function etagOf({ history, isSynced }: Run): string {
  if (history.lastId !== 0) return `"${history.lastId}"`;
  if (isSynced)
    throw new HttpProblem(404, 'unknown-run', 'No event of this run is known (yet, or any more).');
  throw new HttpProblem(503, 'store-unavailable', 'The store can not be read at the moment.', {
    headers: { 'Retry-After': '2' },
  });
}

/**
 * The client has what this ETag names. RFC 9110, 13.1.2: a list, compared weakly. A proxy that compresses marks the ETag as
 * weak, or puts the coding at its end (Apache).
 */
export function hasNamed({ headers }: IncomingMessage, etag: string): boolean {
  const tags = headers['if-none-match']?.split(',') ?? [];
  return tags.some((tag) => tag.trim() === '*' || plainTag(tag) === etag);
}

function plainTag(tag: string): string {
  return tag
    .trim()
    .replace(/^W\//, '')
    .replace(/[-;](gzip|br|zstd|deflate)"$/, '"');
}
