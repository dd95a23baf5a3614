// application/x-ndjson: a JSON per line, for programs.
import type { RunEvent } from '../runs/event.ts';
import type { Snapshot } from '../runs/snapshot.ts';
import { EXPIRED, type Format, randomMs, SHUTDOWN_RETRY } from './format.ts';
import { createLargePiece, createPiece, memoPiece, type Piece } from './piece.ts';

const LINE_END = Buffer.from('\n');

export function createNdjson(): Format {
  const snapshots = new WeakMap<Snapshot, Piece>();
  const joined = new WeakMap<readonly RunEvent[], Piece>();

  return {
    contentType: 'application/x-ndjson; charset=utf-8',
    snapshot: (snapshot) =>
      memoPiece(snapshots, snapshot, () => createLargePiece([...snapshot.parts, LINE_END])),
    events: (events) =>
      memoPiece(joined, events, () => createPiece(events.map((event) => `${event.json}\n`).join(''))),
    hello: ping,
    ping,
    goodbye: (nowMs) => `{"type":"ping","ts":${nowMs},"retry":${randomMs(SHUTDOWN_RETRY)}}\n`,
    expired: `{"type":"unauthorized","code":"${EXPIRED}"}\n`,
  };
}

function ping(nowMs: number): string {
  return `{"type":"ping","ts":${nowMs}}\n`;
}
