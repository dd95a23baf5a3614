// The package as another project meets it: what `npm pack` brings, its types, and the publisher at work.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startRedis } from '../support/redis.ts';
import { readLines } from './support/lines.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const CONSUMER = `
import { createPublisher, currentReport } from 'run-progress/publisher';
import type { ProgressUpdate, Publisher, Report, TrackOptions } from 'run-progress/publisher';
const publisher: Publisher = createPublisher({ redisUrl: process.argv[2] ?? '', keyPrefix: 'autoshorts' });
const update: ProgressUpdate = { state: 'A', progress: 0.5, log: 'from a package', data: { url: '/v/1' } };
publisher.publish('r', update);
const isRecorded: boolean = await publisher.publish('r', update);
const options: TrackOptions = { signal: new AbortController().signal, heartbeatMs: 1000, willRetry: () => false };
const below = (report: Report) => report({ state: 'B' });
const length: number = await publisher.track('tracked', async (report) => {
  await below(currentReport());
  for (const letter of report.each(['a', 'b'])) letter.toUpperCase();
  for await (const letter of report.each((async function* () { yield 'c'; })(), 1)) letter.toUpperCase();
  // @ts-expect-error: a report is of the body's run
  if (!isRecorded) report('r', { state: 'B' });
  // @ts-expect-error: there is nothing to count in a number
  if (!isRecorded) report.each(3);
  return 3;
}, options);
// @ts-expect-error: the value is the body's
const text: string = await publisher.track('tracked', () => length);
// @ts-expect-error: a part has a name
if (text === '') publisher.track('tracked', () => {}, { part: true });
// @ts-expect-error: an attempt is a number
publisher.publish('r', { attempt: 'first' });
// @ts-expect-error: progress is a number
publisher.publish('r', { progress: '50 %' });
// @ts-expect-error: an update has no such field
publisher.publish('r', { percent: 50 });
await publisher.close();
`;

test('another project can import run-progress/publisher, with its types', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  symlinkSync(ROOT, join(folder, 'node_modules/run-progress'));
  symlinkSync(join(ROOT, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
  writeFileSync(join(folder, 'consumer.mts'), CONSUMER);
  const options = ['--module', 'nodenext', '--target', 'es2023', '--strict', '--types', 'node'];
  execFileSync(tsc, ['consumer.mts', ...options], { cwd: folder });
  execFileSync(process.execPath, ['consumer.mjs', redis.url], { cwd: folder, stdio: 'pipe' });
  assert.deepEqual(await readLines(client, 'r'), ['from a package', 'from a package']);
});

const ELEMENT_CONSUMER = `
import 'run-progress/element';
import type { ConnectionStatus, RunDetail, Stage, TokenProvider, Words } from 'run-progress/element';
const element = document.createElement('run-progress');
const stages: readonly Stage[] = [{ state: 'FETCH', label: 'Download', until: 0.3 }, { state: 'PACK' }];
const words: Partial<Words> = { locale: 'de', waiting: 'Wartet', stages: { QA: ['QA', 'Wird geprüft'] } };
const provider: TokenProvider = async () => 'token';
element.runId = 'film-1';
element.stages = stages;
element.words = words;
element.tokenProvider = provider;
element.addEventListener('run-complete', ({ detail }) => {
  const { runId, progress, data, logs }: RunDetail = detail;
  console.log(runId.length, progress?.toFixed(2), data?.['url'], logs.at(-1)?.length);
});
element.addEventListener('run-progress', ({ detail }) => {
  // @ts-expect-error: the bundled script has no such name
  console.log(detail.entered);
});
document.querySelector('run-progress')?.addEventListener('run-connection', ({ detail }) => {
  const status: ConnectionStatus = detail;
  console.log(status.phase === 'unauthorized', status.transport === 'poll');
  // @ts-expect-error: no phase is called so
  console.log(status.phase === 'lost');
});
// @ts-expect-error: a variant is full, compact or ring
element.variant = 'wide';
// @ts-expect-error: a stage is named by its state
element.stages = [{ label: 'Download' }];
// @ts-expect-error: there are no such words
element.words = { wait: 'Wartet' };
// @ts-expect-error: a token is a string
element.tokenProvider = () => 42;
// @ts-expect-error: progress is the run's to say
element.progress = 0.5;
`;

test('another project can import run-progress/element, with its types', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/run-progress'));
  writeFileSync(join(folder, 'page.mts'), ELEMENT_CONSUMER);
  const options = [
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--lib',
    'es2023,dom',
    '--strict',
    '--noEmit',
  ];
  execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['page.mts', ...options], { cwd: folder });
});

test('the packed files are those that are needed', () => {
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: ROOT });
  const [{ files }] = JSON.parse(packed.toString('utf8'));
  const paths: string[] = files.map(({ path }: { path: string }) => path);
  const needed = [
    'dist/publisher.js',
    'dist/record.lua',
    'dist/public/run-progress.js.br',
    'dist/public/run-progress.js.gz',
    'src/publish/publish_progress.py',
    'package.json',
  ];
  assert.deepEqual(
    needed.filter((path) => !paths.includes(path)),
    [],
  );
  assert.ok(!paths.some((path) => path.startsWith('test/') || path.startsWith('.')));
});

test('installed from Git it has its types: what npm runs there writes them', (t) => {
  const clone = mkdtempSync(join(tmpdir(), 'run-progress-'));
  t.after(() => rmSync(clone, { recursive: true, force: true }));
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.types.json', 'public', 'scripts', 'src'])
    cpSync(join(ROOT, name), join(clone, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  execFileSync('npm', ['run', 'prepare'], { cwd: clone, stdio: 'pipe' });
  const { exports } = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8'));
  for (const { types, default: code } of [exports['./publisher'], exports['./element']])
    for (const path of [types, code]) assert.ok(existsSync(join(clone, path)), path);
});
