// application/x-ndjson: a JSON per line, for programs.
import { EXPIRED, type Format, randomMs, SHUTDOWN_RETRY } from './format.ts';
import { onceForAll } from './once-for-all.ts';
import { createLargePiece, createPiece } from './piece.ts';

const LINE_END = Buffer.from('\n');

export function createNdjson(): Format {
  return {
    contentType: 'application/x-ndjson; charset=utf-8',
    snapshot: onceForAll(({ parts }) => createLargePiece([...parts, LINE_END])),
    events: onceForAll((events) => createPiece(events.map(({ json }) => `${json}\n`).join(''))),
    hello: ping,
    ping,
    goodbye: (nowMs) => `{"type":"ping","ts":${nowMs},"retry":${randomMs(SHUTDOWN_RETRY)}}\n`,
    expired: `{"type":"unauthorized","code":"${EXPIRED}"}\n`,
  };
}

function ping(nowMs: number): string {
  return `{"type":"ping","ts":${nowMs}}\n`;
}
