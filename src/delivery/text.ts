// text/plain: lines for people. What a line looks like is in text-lines.ts.
import type { RunEvent } from '../runs/event.ts';
import type { Snapshot } from '../runs/snapshot.ts';
import type { Format } from './format.ts';
import { createPiece, memoPiece, type Piece } from './piece.ts';
import { formatText, type TextOptions } from './text-lines.ts';

/** Proxies need bytes, but people need no line. A terminal shows nothing of a carriage return at the start of a line. */
const PING = '\r';

export function createText(options: TextOptions = {}): Format {
  const snapshots = new WeakMap<Snapshot, Piece>();
  const joined = new WeakMap<readonly RunEvent[], Piece>();
  const lines = (json: string) => formatText(JSON.parse(json), options);

  return {
    contentType: 'text/plain; charset=utf-8',
    snapshot: (snapshot) => memoPiece(snapshots, snapshot, () => createPiece(lines(snapshot.text()))),
    events: (events) =>
      memoPiece(joined, events, () => createPiece(events.map((event) => lines(event.json)).join(''))),
    hello: () => '',
    ping: () => PING,
    goodbye: () => '',
    expired: 'The token has expired.\n',
  };
}
