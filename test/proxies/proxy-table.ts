// The table of proxies, whole in docs/proxies.md and short in README: made of what a run of the tests has seen, and compared
// with by each later run.
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

interface Column {
  title: string;
  cell(row: Row): string;
}

const COLUMNS: readonly Column[] = [
  { title: 'proxy', cell: ({ name }) => name },
  { title: 'tried', cell: ({ version }) => version },
  { title: 'HTTP/2 in front', cell: ({ hasHttp2 }) => (hasHttp2 ? 'yes' : 'no') },
  { title: 'readers get in a restart of the one instance', cell: ({ root }) => String(root.away) },
  { title: 'streams at once over one HTTP/2 connection', cell: ({ root }) => streamsAtOnce(root) },
  { title: 'a stream that was broken off looks', cell: ({ root }) => looksOf(root) },
  {
    title: 'below a path runs may be named `a/b`',
    cell: ({ below }) => (below.takesSlashes ? 'yes' : 'with `BASE_PATH`'),
  },
];
const README_COLUMNS = 4;

const TABLES = [
  { file: new URL('../../docs/proxies.md', import.meta.url), columns: COLUMNS },
  { file: new URL('../../README.md', import.meta.url), columns: COLUMNS.slice(0, README_COLUMNS) },
];
const PLACE = /(?<=<!-- made by npm run proxy-table -->\n).*?(?=\n\n)/s;

function streamsAtOnce({ streamsAtOnce }: Observed): string {
  return streamsAtOnce === MANY_STREAMS ? `${MANY_STREAMS} or more` : String(streamsAtOnce ?? '');
}

function looksOf({ seesBreak }: Observed): string {
  const look = (isSeen: boolean | undefined) => (isSeen ? 'broken' : 'whole');
  const { '1.1': first, '2': second = first } = seesBreak;
  return first === second ? look(first) : `${look(first)}; over HTTP/2 ${look(second)}`;
}

function formatTable(columns: readonly Column[], rows: readonly Row[]): string {
  const lines = [
    columns.map(({ title }) => title),
    columns.map(() => '---'),
    ...rows.map((row) => columns.map(({ cell }) => cell(row))),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The tables that these rows make, and those that stand in the documents. */
export function compareTables(rows: readonly Row[]): { made: string[]; written: string[] } {
  return {
    made: TABLES.map(({ columns }) => formatTable(columns, rows)),
    written: TABLES.map(({ file }) => {
      const table = PLACE.exec(readFileSync(file, 'utf8'))?.[0];
      if (table === undefined) throw new Error(`${file.pathname} has no place for the table`);
      return table;
    }),
  };
}

export function writeTables(rows: readonly Row[]) {
  for (const { file, columns } of TABLES)
    writeFileSync(file, readFileSync(file, 'utf8').replace(PLACE, formatTable(columns, rows)));
}
