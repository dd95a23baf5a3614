// How far it is, on stderr: one line that is rewritten on a terminal; elsewhere a plain line per finished turn.

export interface StatusLine {
  /** What goes on now: on a terminal only. */
  show(text: string): void;
  /** What has ended: elsewhere only. */
  finish(line: string): void;
  /** A line that stays. */
  print(line: string): void;
  clear(): void;
}

export function createStatusLine(output: NodeJS.WriteStream): StatusLine {
  const rewrite = (text: string) => {
    if (output.isTTY) output.write(`\r\u001b[2K${text.slice(0, (output.columns || 80) - 1)}`);
  };
  return {
    show: rewrite,
    finish: (line) => {
      if (!output.isTTY) output.write(`${line}\n`);
    },
    print: (line) => {
      rewrite('');
      output.write(`${line}\n`);
    },
    clear: () => rewrite(''),
  };
}
