// What the doctor finds, and how it is printed. Pure.
import { visibleText } from '../../delivery/text-lines.ts';
import type { Colors } from '../colors.ts';

/** What a proxy does wrong; cures.ts has the lines that mend it. */
export type ProxyFault = 'buffering' | 'compression' | 'idle-cut' | 'websocket';

export interface Finding {
  /** `fault`: readers don't get what they should. `warning`: some don't, or it may come to that. */
  readonly level: 'ok' | 'warning' | 'fault';
  readonly about: string;
  /** A sentence, and in further lines what to do. */
  readonly text: string;
  readonly proxyFault?: ProxyFault;
}

const ABOUT_COLUMNS = 12;

export function ok(about: string, text: string): Finding {
  return { level: 'ok', about, text };
}

export function warning(about: string, text: string, proxyFault?: ProxyFault): Finding {
  return { level: 'warning', about, text, ...(proxyFault && { proxyFault }) };
}

export function fault(about: string, text: string, proxyFault?: ProxyFault): Finding {
  return { level: 'fault', about, text, ...(proxyFault && { proxyFault }) };
}

export function formatFinding({ level, about, text }: Finding, colors: Colors): string {
  const mark = { ok: colors.good('ok  '), warning: colors.accent('warn'), fault: colors.bad('BAD ') }[level];
  const indent = `\n${' '.repeat(5 + ABOUT_COLUMNS)}`;
  const lines = text.split('\n').map(visibleText);
  return `${mark} ${about.padEnd(ABOUT_COLUMNS)}${lines.join(indent)}\n`;
}
