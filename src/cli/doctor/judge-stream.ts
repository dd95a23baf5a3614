// From what was seen of an event stream to what is wrong on its way. Pure.
import { type Finding, fault, ok, warning } from './finding.ts';
import type { StreamProbe } from './stream-probe.ts';

/** The first ping follows the head at once; a way around the world takes less than this. */
const HELD_MS = 3000;
/** Nobody cuts connections for so short a silence. */
const NO_SILENCE_MS = 1000;
/** Tokens and "last heard" suffer from more. */
const CLOCK_MS = 5000;

export function judgeStream(probe: StreamProbe, seconds: number): Finding[] {
  const { status, headers, headMs, firstByteMs } = probe;
  if (status === null && probe.error !== null)
    return [fault('stream', `no answer to a reader: ${probe.error}`)];
  if (status === null)
    return [fault('buffering', `no answer within ${seconds} s: a proxy holds the stream back`, 'buffering')];
  const encoding = headers['content-encoding'];
  if (status !== 200)
    return [fault('stream', `readers get ${status} instead of a stream${adviceOf(status, headers)}`)];
  if (!headers['content-type']?.startsWith('text/event-stream'))
    return [
      fault('stream', `what answers is no event stream, but ${headers['content-type'] ?? 'nothing named'}`),
    ];
  if (encoding !== undefined && encoding !== 'identity')
    return [
      fault(
        'compression',
        `a proxy compresses the stream (${encoding}): events come late, or never`,
        'compression',
      ),
    ];
  if (firstByteMs === null) return [heldBack(probe, seconds)];
  const late = Math.max(firstByteMs, probe.pings[0]?.atMs ?? 0) - (headMs ?? 0);
  const first =
    late > HELD_MS
      ? fault(
          'buffering',
          `the first bytes came ${inSeconds(late)} after the head: a proxy holds them back`,
          'buffering',
        )
      : ok('stream', `opens: first byte after ${Math.round(firstByteMs)} ms, not compressed, not held back`);
  return [first, ...judgeSilence(probe, seconds), ...judgeClock(probe)];
}

function adviceOf(status: number, headers: StreamProbe['headers']): string {
  if (status === 401 || status === 403)
    return `\ngive a token for every run: --token "$(run-progress token --run '*' --scope 'read publish' --ttl 10m)"`;
  if (status === 502 || status === 504) return '\na proxy finds no service behind it';
  if (status === 503) return '\ndoes it restart, or has it as many readers as it takes (MAX_CONNECTIONS)?';
  return headers.location ? `\nthey are sent to ${headers.location}: try the doctor there` : '';
}

function heldBack({ cutAfterSilenceMs }: StreamProbe, seconds: number): Finding {
  const time = cutAfterSilenceMs === null ? `${seconds} s` : inSeconds(cutAfterSilenceMs);
  return fault(
    'buffering',
    `the head came, and within ${time} not one byte: a proxy holds the stream back`,
    'buffering',
  );
}

function judgeSilence({ cutAfterSilenceMs, pings }: StreamProbe, seconds: number): Finding[] {
  if (cutAfterSilenceMs !== null && cutAfterSilenceMs < NO_SILENCE_MS)
    return [warning('stream', 'it ended amid events: did the service, or a proxy, just restart? Try again')];
  if (cutAfterSilenceMs !== null)
    return [
      fault(
        'idle cut',
        `the connection was cut after ${inSeconds(cutAfterSilenceMs)} of silence, before a heartbeat came`,
        'idle-cut',
      ),
    ];
  const gaps = pings.slice(1).map(({ atMs }, i) => atMs - (pings[i]?.atMs ?? 0));
  if (gaps.length === 0)
    return [
      warning(
        'heartbeats',
        `none within ${seconds} s after the first: give --seconds 40, so that two are due`,
      ),
    ];
  return [ok('heartbeats', `${gaps.length} in ${seconds} s, ${inSeconds(Math.max(...gaps))} apart at most`)];
}

function judgeClock({ pings }: StreamProbe): Finding[] {
  const [ping] = pings;
  if (ping === undefined || !Number.isFinite(ping.serverTime)) return [];
  const offset = ping.serverTime - ping.hostTime;
  if (Math.abs(offset) < CLOCK_MS) return [ok('clock', `as here, within ${inSeconds(Math.abs(offset))}`)];
  const which = offset > 0 ? 'ahead of' : 'behind';
  return [
    warning(
      'clock',
      `the service's is ${inSeconds(Math.abs(offset))} ${which} this machine's: where tokens are made they may be refused`,
    ),
  ];
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
