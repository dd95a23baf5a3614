// A run's badge, for READMEs, wikis and mails. It is an image in every case: a page could not show an error.
import { formatBadge } from '../delivery/badge.ts';
import { eventFields } from '../runs/event.ts';
import { hasNamed, type PollEndpointOptions } from './poll-endpoint.ts';
import { runInPath } from './requested-run.ts';
import type { AnswerContext, Route } from './route.ts';

const HEADERS = {
  'Content-Type': 'image/svg+xml; charset=utf-8',
  'Cache-Control': 'no-cache',
  // Pages of any site may show it. Opened as a page it may do nothing.
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Content-Security-Policy': "default-src 'none'",
};

export function badgeRoutes({ hub, addressOf }: PollEndpointOptions): Route[] {
  async function badge({ request, response, runIds: [runId = ''] }: AnswerContext) {
    const client = () => addressOf(request, request.socket);
    const run = await hub.open(runId, { confirmUnknown: true, client });
    const { last, lastId } = run.history;
    const headers = { ...HEADERS, ETag: `"badge-${lastId}"` };
    if (hasNamed(request, headers.ETag)) {
      response.writeHead(304, headers).end();
      return;
    }
    const fields = last ? eventFields(last) : null;
    const svg = formatBadge(runId, fields && { ...fields, done: last?.done });
    response.writeHead(200, { ...headers, 'Content-Length': Buffer.byteLength(svg) }).end(svg);
  }

  return [
    { method: 'GET', path: '/api/runs/:run_id/badge.svg', scope: 'read', runsOf: runInPath, answer: badge },
  ];
}
