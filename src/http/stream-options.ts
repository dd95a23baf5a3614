// The options of a stream: its format, and whether the answer is finite.
import type { Format } from '../delivery/format.ts';
import type { RequestHead } from './plain-head.ts';
import { HttpProblem } from './problem.ts';

export type FormatName = 'sse' | 'ndjson' | 'text';
export type Formats = Readonly<Record<FormatName, Format>>;

const MEDIA_TYPES: readonly [FormatName, string][] = [
  ['sse', 'text/event-stream'],
  ['ndjson', 'application/x-ndjson'],
  ['text', 'text/plain'],
];
/** Heroku's and other routers cut an answer that is silent for longer. */
const MAX_WAIT_SECONDS = 55;

/** `?format=`, else the one that `Accept` likes best, else `fallback`. Throws 400 for a format that isn't known. */
export function formatOf(head: RequestHead, query: URLSearchParams, fallback: FormatName): FormatName {
  const wanted = query.get('format');
  if (wanted === null) {
    const accept = head.headers.accept ?? '';
    // What EventSource sends. A thousand of them may come back at once.
    return MEDIA_TYPES.find(([, mediaType]) => mediaType === accept)?.[0] ?? acceptedFormat(accept, fallback);
  }
  const known = MEDIA_TYPES.find(([name]) => name === wanted)?.[0];
  if (known) return known;
  throw new HttpProblem(400, 'bad-format', 'format must be sse, ndjson or text.');
}

/**
 * RFC 9110, 12.5.1. What likes none of them best, as curl's `*` + `/*` or axios' `application/json, text/plain, *` + `/*`, gets the
 * fallback; so does what accepts none of them.
 */
function acceptedFormat(accept: string, fallback: FormatName): FormatName {
  const ranges = accept.split(',').map(parseRange);
  const qualityOf = (mediaType: string) => {
    const [type] = mediaType.split('/');
    for (const range of [mediaType, `${type}/*`, '*/*']) {
      const found = ranges.find(({ name }) => name === range);
      if (found) return found.quality;
    }
    return 0;
  };
  let best = fallback;
  let most = 0;
  for (const [name, mediaType] of MEDIA_TYPES) {
    const quality = qualityOf(mediaType);
    if (quality > most || (quality === most && name === fallback)) best = name;
    most = Math.max(most, quality);
  }
  return best;
}

function parseRange(text: string): { name: string; quality: number } {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = weight === undefined ? 1 : Number(weight.slice(2));
  return { name, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

/** `?wait=25`: ms; null for a stream. Throws 400. */
export function waitMsOf(query: URLSearchParams): number | null {
  const wait = query.get('wait');
  if (wait === null) return null;
  const seconds = /^\d{1,2}(?:\.\d{1,3})?$/.test(wait) ? Number(wait) : Number.NaN;
  if (seconds <= MAX_WAIT_SECONDS) return seconds * 1000;
  throw new HttpProblem(400, 'bad-wait', `wait must be a number of seconds from 0 to ${MAX_WAIT_SECONDS}.`);
}
