// What a service, or something in its place, says when it doesn't do what was asked: a sentence, and what to do next.
import { visibleText } from '../delivery/text-lines.ts';

export interface Refusal {
  /** Nothing changes if it is asked again. */
  readonly isFinal: boolean;
  readonly reason: string;
  /** In ms, where it said when to come back. */
  readonly retryAfterMs?: number;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Come and go: a proxy whose service restarts, a limit, a time-out. */
const PASSING = new Set([408, 421, 425, 429]);

export function refusalOf(url: string, status: number, headers: Headers, body: string): Refusal {
  const seconds = Number(headers['retry-after']);
  return {
    isFinal: status < 500 && !PASSING.has(status),
    reason: `${new URL(url).origin} answers ${status}${detailOf(body)}${adviceOf(status, headers)}`,
    ...(seconds > 0 && { retryAfterMs: Math.min(seconds, 60) * 1000 }),
  };
}

/** The sentence of a problem (RFC 9457), or nothing: a proxy's page in HTML tells people little. */
function detailOf(body: string): string {
  try {
    const { detail, title } = JSON.parse(body);
    const text = detail ?? title;
    return typeof text === 'string' ? `: ${visibleText(text)}` : '';
  } catch {
    // A SyntaxError or a TypeError: it isn't the service that speaks.
    return '';
  }
}

function adviceOf(status: number, headers: Headers): string {
  if (status === 401)
    return '\nGive a token by --token or RUN_PROGRESS_TOKEN; `run-progress token` makes one.';
  if (status === 403) return '\nIf a token was given: does it name this run, and allow what is asked for?';
  if (status === 404) return '\nIs --url the address of a run-progress service, with its path?';
  if (status >= 300 && status < 400 && headers.location)
    return `\nIt sends readers to ${headers.location}: give that address by --url.`;
  return '';
}

const NETWORK: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['ENOTFOUND', 'there is no such host'],
  ['EAI_AGAIN', 'its name could not be looked up'],
  ['ECONNRESET', 'the connection was cut'],
  ['EPIPE', 'the connection was cut'],
  ['CONNECT_TIMEOUT', 'no connection within 10 s'],
  ['ANSWER_TIMEOUT', 'no answer in time'],
  ['SILENCE_TIMEOUT', 'nothing came for too long'],
  // The doctor's, by undici.
  ['UND_ERR_SOCKET', 'the connection was cut'],
  ['UND_ERR_CONNECT_TIMEOUT', 'no connection within 10 s'],
  ['UND_ERR_HEADERS_TIMEOUT', 'no answer in time'],
  ['UND_ERR_BODY_TIMEOUT', 'nothing came for too long'],
]);

const PROGRAMMING = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError', 'Error']);

/** Won't mend itself while somebody waits. */
const FINAL = /^(ENOTFOUND|CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

/** Of an error that a connection ended with. Throws any other: a mistake in this program is no outage. */
export function networkRefusal(url: string, error: unknown): Refusal {
  const { name, code = name, message } = firstOf(error) as NodeJS.ErrnoException;
  if (PROGRAMMING.has(code)) throw error;
  const reason = NETWORK.get(code) ?? (message || code);
  return { isFinal: FINAL.test(code), reason: `no answer from ${new URL(url).origin}: ${reason}` };
}

/** Where a host has several addresses, each has failed. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
}
