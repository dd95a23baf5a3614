// The last lines of a terminal, drawn again and again, with what scrolls by above them. It hides no cursor and sets no
// mode, so that a terminal is as it was even after a SIGKILL.
import { columnsOf } from '../delivery/columns.ts';
import type { Output } from './command.ts';

export interface LiveArea {
  /** `above` scrolls away, `lines` stay. No line may be wider than the terminal. */
  draw(above: readonly string[], lines: readonly string[]): void;
}

const CLEAR_LINE = '\u001b[2K';
const CLEAR_BELOW = '\u001b[J';
/** Colours, the only sequences in a line. */
const SEQUENCE = /\u001b\[[\d;]*m/g;

export function createLiveArea(output: Output): LiveArea {
  let shown: readonly string[] = [];
  return {
    draw: (above, lines) => {
      // A terminal that became narrower has wrapped what was drawn.
      const columns = output.columns || 80;
      const rows = shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
      const up = rows > 0 ? `\r\u001b[${rows}A` : '';
      // A row is cleared before it is written: one that was wrapped would stay joined to the next row, and take that along
      // when the terminal becomes wider. What is below is cleared at last: cleared from its top, a screen scrolls in tmux.
      const text = [...above, ...lines].map((line) => `${CLEAR_LINE}${line}\n`).join('');
      output.write(`${up}${text}${CLEAR_BELOW}`);
      shown = lines;
    },
  };
}

function widthOf(line: string): number {
  return columnsOf(line.replace(SEQUENCE, ''));
}
