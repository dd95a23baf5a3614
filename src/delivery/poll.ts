// Polling: a run's snapshot as a plain answer, with its id as ETag.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Run } from '../runs/run.ts';

/** Answers 200, or 304 if the client names the id that it would get. The run must be known. */
export function answerPoll(request: IncomingMessage, response: ServerResponse, run: Run) {
  const { id, json } = run.snapshot(false);
  const etag = `"${id}"`;
  const headers = { ETag: etag, 'Cache-Control': 'no-cache' };
  if (names(request.headers['if-none-match'], etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  response
    .writeHead(200, {
      ...headers,
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(json),
    })
    .end(json);
}

/** RFC 9110, 13.1.2: a list, compared weakly. */
function names(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
