// What a program prints, cut into lines: those that stay, and those that it overwrites (a progress bar, by \r). Pure.
import { StringDecoder } from 'node:string_decoder';

export interface OutputLines {
  push(chunk: Buffer): void;
  /** What came last has no line end. */
  end(): void;
}

/** ESC sequences: colours, moves of the cursor, titles. */
// biome-ignore lint/complexity/useRegexLiterals: as a literal it would hold control characters.
const SEQUENCES = new RegExp(
  '\\u001b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\u0007\\u001b]*(?:\\u0007|\\u001b\\\\)|[ -/]*[0-~])',
  'g',
);
/** A line without end must not fill the memory. */
const MAX_LENGTH = 16_384;

export function createOutputLines(onLine: (line: string, isOverwritten: boolean) => void): OutputLines {
  const decoder = new StringDecoder('utf8');
  let rest = '';

  function take(text: string) {
    // A \r at the very end may be the first half of a \r\n.
    const parts = (rest + text).split(/(\r\n|\n|\r(?!$))/);
    rest = parts.pop() ?? '';
    for (let i = 0; i < parts.length; i += 2) tell(parts[i] ?? '', parts[i + 1] === '\r');
    if (rest.length > MAX_LENGTH) {
      tell(rest, false);
      rest = '';
    }
  }

  function tell(text: string, isOverwritten: boolean) {
    const line = text.replace(SEQUENCES, '').trimEnd();
    if (line !== '') onLine(line, isOverwritten);
  }

  return {
    push: (chunk) => take(decoder.write(chunk)),
    end: () => {
      tell(rest + decoder.end(), false);
      rest = '';
    },
  };
}
