// Colours of a terminal, or none.
import type { Environment, Output } from './command.ts';

export interface Colors {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  accent(text: string): string;
}

/** None where the output is no terminal, or NO_COLOR is set (no-color.org). */
export function colorsFor(output: Output, env: Environment): Colors {
  const isColored = output.isTTY === true && !env.NO_COLOR && (output.hasColors?.() ?? false);
  const style = (code: number) => (text: string) =>
    isColored && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { bold: style(1), dim: style(2), good: style(32), bad: style(31), accent: style(36) };
}
