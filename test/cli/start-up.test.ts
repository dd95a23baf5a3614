// What a command loads before it does anything: packages take longer to load than most commands run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build } from 'esbuild';
import { bundleOptions } from '../../scripts/bundle.js';

const { metafile } = await build({ ...bundleOptions, write: false, metafile: true, sourcemap: false });
const { outputs } = metafile;

/** Of the chunk that `source` begins, and of those that it imports at once. */
function packagesOf(source: string): string[] {
  const packages = new Set<string>();
  const visit = (path: string) => {
    for (const { path: imported, kind, external } of outputs[path]?.imports ?? [])
      if (kind !== 'import-statement') continue;
      else if (!external) visit(imported);
      else if (!imported.startsWith('node:')) packages.add(imported);
  };
  const [chunk] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === source) ?? [];
  assert.ok(chunk, `nothing begins with ${source}`);
  visit(chunk);
  return [...packages];
}

const most: [source: string, packages: string[]][] = [
  ['src/cli/cli.ts', []],
  ['src/cli/watch.ts', ['eventsource-parser']],
  ['src/cli/http-sink.ts', []],
  ...['exec', 'publish', 'token', 'doctor', 'demo', 'serve', 'completion'].map((name): [string, string[]] => [
    `src/cli/${name}.ts`,
    [],
  ]),
];
for (const [source, packages] of most)
  test(`${source} loads no package but ${packages}`, () => assert.deepEqual(packagesOf(source), packages));
