// What a service, or something in its place, says when it doesn't do what was asked: a sentence, and what to do next.
import { visibleText } from '../delivery/text-lines.ts';

export interface Refusal {
  /** Nothing changes if it is asked again. */
  readonly isFinal: boolean;
  readonly reason: string;
  /** What to do next, a sentence; '' where trying again is all there is. */
  readonly advice: string;
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
    reason: `${new URL(url).origin} answers ${status}${detailOf(body)}`,
    advice: adviceOf(status, headers),
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
  if (status === 401) return 'Give a token by --token or RUN_PROGRESS_TOKEN; `run-progress token` makes one.';
  if (status === 403) return 'If a token was given: does it name this run, and allow what is asked for?';
  if (status === 404) return 'Is --url the address of a run-progress service, with its path?';
  if (status >= 300 && status < 400 && headers.location)
    return `It sends readers to ${headers.location}: give that address by --url.`;
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
const CERTIFICATE = /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;
const TLS = /^(EPROTO$|ERR_SSL_)/;

/** Of an error that a connection ended with. Throws any other: a mistake in this program is no outage. */
export function networkRefusal(url: string, error: unknown): Refusal {
  const { name, code = name, message } = firstOf(error) as NodeJS.ErrnoException;
  if (PROGRAMMING.has(code)) throw error;
  return {
    isFinal: code === 'ENOTFOUND' || CERTIFICATE.test(code) || TLS.test(code),
    reason: `no answer from ${new URL(url).origin}: ${NETWORK.get(code) ?? reasonOf(code, message)}`,
    advice: networkAdvice(code),
  };
}

function networkAdvice(code: string): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'Give one of the names that the certificate is for.';
  if (CERTIFICATE.test(code))
    return 'Browsers refuse it, too. Where it is your own, NODE_EXTRA_CA_CERTS=ca.pem lets this command trust it.';
  return TLS.test(code)
    ? ''
    : 'Is the service running there? --url or RUN_PROGRESS_URL names another address.';
}

function reasonOf(code: string, message: string): string {
  // Of Node's parser of HTTP.
  if (code.startsWith('HPE_')) return 'what answers there does not speak HTTP';
  if (TLS.test(code) && /wrong version number|record layer/i.test(message))
    return 'what answers there does not speak TLS: is it http:// instead of https://?';
  return (message || code).trim().split('\n')[0] ?? code;
}

/** The reason, and in a line of its own what to do. */
export function sentencesOf({ reason, advice }: Pick<Refusal, 'reason' | 'advice'>): string {
  return [reason, advice].filter(Boolean).join('\n');
}

/** Where a host has several addresses, each has failed. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
}
