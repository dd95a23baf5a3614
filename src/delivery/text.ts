// text/plain: lines for people. What a line looks like is in text-lines.ts.
import type { Format } from './format.ts';
import { onceForAll } from './once-for-all.ts';
import { createPiece } from './piece.ts';
import { formatText, type TextOptions } from './text-lines.ts';

/** Proxies need bytes, but people need no line. A terminal shows nothing of a carriage return at the start of a line. */
const PING = '\r';

export function createText(options: TextOptions = {}): Format {
  const lines = (json: string) => formatText(JSON.parse(json), options);

  return {
    contentType: 'text/plain; charset=utf-8',
    snapshot: onceForAll((snapshot) => createPiece(lines(snapshot.text()))),
    events: onceForAll((events) => createPiece(events.map(({ json }) => lines(json)).join(''))),
    hello: () => '',
    ping: () => PING,
    goodbye: () => '',
    expired: 'The token has expired.\n',
  };
}
