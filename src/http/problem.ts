// Errors as answers: application/problem+json (RFC 9457) with a stable `code`.
import { type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';

/** Stable: programs decide by them, and they are counted. */
export const PROBLEM_CODES = [
  'bad-batch',
  'bad-encoding',
  'bad-expectation',
  'bad-format',
  'bad-idempotency-key',
  'bad-request',
  'bad-run-id',
  'bad-update',
  'bad-wait',
  'expired-token',
  'headers-too-large',
  'host-not-allowed',
  'internal',
  'invalid-token',
  'method-not-allowed',
  'no-run',
  'no-token',
  'not-acceptable',
  'not-found',
  'not-json',
  'not-ready',
  'not-recorded',
  'not-utf-8',
  'origin-not-allowed',
  'outcome-unknown',
  'pipelined',
  'publishing-disabled',
  'shutting-down',
  'store-unavailable',
  'superseded',
  'token-in-url',
  'too-large',
  'too-many-bodies',
  'too-many-connections',
  'too-many-connections-of-address',
  'too-many-connections-of-run',
  'too-many-runs',
  'too-many-updates',
  'too-slow',
  'unknown-run',
  'unsupported-charset',
  'unsupported-coding',
  'upgrade-required',
  'url-too-long',
  'wrong-run',
  'wrong-scope',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];
export type ProblemCounts = Map<ProblemCode, number>;

export function createProblemCounts(): ProblemCounts {
  return new Map(PROBLEM_CODES.map((code) => [code, 0]));
}

export interface ProblemOptions {
  headers?: OutgoingHttpHeaders;
  /** Bad fields of an update. */
  errors?: readonly { field: string; problem: string }[];
}

/** Thrown while a request is handled. The server's error boundary answers with it. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly code: ProblemCode;
  readonly headers: OutgoingHttpHeaders;
  readonly errors: ProblemOptions['errors'];

  /** `code` is for programs; `detail` is for people. */
  constructor(
    status: number,
    code: ProblemCode,
    detail: string,
    { headers = {}, errors }: ProblemOptions = {},
  ) {
    super(detail);
    this.name = 'HttpProblem';
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.errors = errors;
  }
}

export function problemBody({ status, code, message, errors }: HttpProblem): string {
  return JSON.stringify({
    type: 'about:blank',
    title: STATUS_CODES[status],
    status,
    code,
    detail: message,
    errors,
  });
}

export function problemHeaders(problem: HttpProblem, body: string): OutgoingHttpHeaders {
  return {
    ...problem.headers,
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Cache-Control': 'no-store',
    // Also where there is no request whose headers could be known.
    'X-Content-Type-Options': 'nosniff',
    'Content-Length': Buffer.byteLength(body),
  };
}

export function sendProblem(response: ServerResponse, problem: HttpProblem) {
  const body = problemBody(problem);
  response.writeHead(problem.status, problemHeaders(problem, body)).end(body);
}
