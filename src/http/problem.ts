// Errors as answers: application/problem+json (RFC 9457) with a stable `code`.
import { type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from 'node:http';

export interface ProblemOptions {
  headers?: OutgoingHttpHeaders;
  /** Bad fields of an update. */
  errors?: readonly { field: string; problem: string }[];
}

/** Thrown by whoever handles a request; the server's error boundary answers with it. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: OutgoingHttpHeaders;
  readonly errors: ProblemOptions['errors'];

  /** `code` is for programs and stays as it is; `detail` is for people. */
  constructor(status: number, code: string, detail: string, { headers = {}, errors }: ProblemOptions = {}) {
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
