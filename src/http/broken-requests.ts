// Requests that Node's HTTP server would answer by itself, without our headers and `code`, or not answer at all. Here they
// are answered like all others.
import type { IncomingMessage, OutgoingHttpHeaders, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { endWith, rawProblem } from './bare-socket.ts';
import type { RequestHead } from './plain-head.ts';
import { HttpProblem, sendProblem } from './problem.ts';
import { throwAwayRest } from './request-body.ts';

export interface BrokenRequestsOptions {
  /** For every answer. */
  headersOf(head: RequestHead): OutgoingHttpHeaders;
  /** Called with each answer. */
  note(problem: HttpProblem): void;
}

/** Where there is no request whose headers could say who may read the answer. */
const UNKNOWN_READER = { 'Cross-Origin-Resource-Policy': 'same-origin' };

/** `answerTooSlow`: ends a connection on which a request has not come whole in time. */
export function answerBrokenRequests(server: Server, { headersOf, note }: BrokenRequestsOptions) {
  function answer(socket: Duplex, problem: HttpProblem, headers: OutgoingHttpHeaders = UNKNOWN_READER) {
    note(problem);
    endWith(socket, rawProblem(problem, headers));
  }

  function answerOnce(socket: Duplex, problem: HttpProblem) {
    // If something was sent already, this answer would stand in the middle of another one.
    if (!socket.writable || (socket as Socket).bytesWritten > 0) socket.destroy();
    else answer(socket, problem);
  }

  server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
    answerOnce(socket, notUnderstood(error.code)),
  );
  server.on('connect', (request: IncomingMessage, socket) => {
    socket.on('error', () => socket.destroy());
    if (socket.destroyed) return;
    answer(socket, noProxy(), headersOf(request));
  });
  server.on('checkExpectation', (request, response) => {
    const problem = unknownExpectation();
    note(problem);
    for (const [name, value] of Object.entries(headersOf(request))) response.setHeader(name, value ?? '');
    response.setHeader('Connection', 'close');
    sendProblem(response, problem);
    throwAwayRest(request);
  });

  return { answerTooSlow: (socket: Socket) => answerOnce(socket, tooSlow()) };
}

/** What Node's parser found wrong with a request. */
function notUnderstood(code: string | undefined): HttpProblem {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new HttpProblem(431, 'headers-too-large', 'The headers are too large.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return tooSlow();
  return new HttpProblem(400, 'bad-request', 'This is not HTTP/1.1.');
}

function tooSlow(): HttpProblem {
  return new HttpProblem(408, 'too-slow', 'The request took too long.');
}

function noProxy(): HttpProblem {
  return new HttpProblem(405, 'method-not-allowed', 'This is no proxy.', {
    headers: { Allow: 'GET, HEAD, POST' },
  });
}

function unknownExpectation(): HttpProblem {
  return new HttpProblem(417, 'bad-expectation', 'The only expectation that is met is "100-continue".');
}
