// application/x-ndjson: a JSON per line, for programs.
import { eventJson, type RunEvent } from '../runs/event.ts';
import type { SnapshotText } from '../runs/snapshot.ts';
import type { Format } from './format.ts';
import { memoPiece, type Piece } from './piece.ts';

export function createNdjson(): Format {
  const snapshots = new WeakMap<SnapshotText, Piece>();
  const joined = new WeakMap<readonly RunEvent[], Piece>();

  return {
    contentType: 'application/x-ndjson; charset=utf-8',
    snapshot: (snapshot) => memoPiece(snapshots, snapshot, () => `${snapshot.json}\n`),
    events: (events) =>
      memoPiece(joined, events, () => events.map((event) => `${eventJson(event)}\n`).join('')),
    hello: ping,
    ping,
    goodbye: ping,
  };
}

function ping(nowMs: number): string {
  return `{"type":"ping","ts":${nowMs}}\n`;
}
