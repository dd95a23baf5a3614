// The table of docs/proxies.md: made of what a run of the tests has seen, and compared with by each later run.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Observed } from './contract.ts';
import { MANY_STREAMS } from './quiet-checks.ts';

export interface Row {
  name: string;
  version: string;
  hasHttp2: boolean;
  /** At the root of a host, and below a path that the proxy takes away. */
  root: Observed;
  below: Observed;
}

const GUIDE = new URL('../../docs/proxies.md', import.meta.url);
const TABLE = /(?<=<!-- made by npm run proxy-table -->\n).*?(?=\n\n)/s;
const HEAD = [
  '| proxy | tried | HTTP/2 in front | streams at once over one HTTP/2 connection | readers get in a restart of the one instance | a stream that was broken off looks | below a path runs may be named `a/b` |',
  '| --- | --- | --- | --- | --- | --- | --- |',
];

export function formatTable(rows: readonly Row[]): string {
  return [...HEAD, ...rows.map(formatRow)].join('\n');
}

function formatRow({ name, version, hasHttp2, root, below }: Row): string {
  const look = (isSeen: boolean | undefined) => (isSeen ? 'broken' : 'whole');
  const { '1.1': first, '2': second = first } = root.seesBreak;
  const looks = first === second ? look(first) : `${look(first)}; over HTTP/2 ${look(second)}`;
  const slashes = below.takesSlashes ? 'yes' : 'with `BASE_PATH`';
  const atOnce = root.streamsAtOnce === MANY_STREAMS ? `${MANY_STREAMS} or more` : root.streamsAtOnce;
  return `| ${name} | ${version} | ${hasHttp2 ? 'yes' : 'no'} | ${atOnce ?? ''} | ${root.away} | ${looks} | ${slashes} |`;
}

export function tableInGuide(): string {
  const table = TABLE.exec(readFileSync(GUIDE, 'utf8'))?.[0];
  if (table === undefined) throw new Error('docs/proxies.md has no place for the table');
  return table;
}

export function writeTable(table: string) {
  writeFileSync(GUIDE, readFileSync(GUIDE, 'utf8').replace(TABLE, table));
}
