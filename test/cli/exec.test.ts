// `run-progress exec`, as a program: what of a real command becomes the run, and that the command runs as it would alone.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { request } from 'undici';
import { readHistory } from '../support/history-list.ts';
import { freePort, startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { openSse } from '../support/sse-reader.ts';
import { runCli, startCli } from './cli.ts';

const redis = await startRedis();
test.after(redis.stop);
const service = await startService({ REDIS_URL: redis.url });
test.after(() => service.stop('SIGKILL'));
const http = { RUN_PROGRESS_URL: service.url };
const client = await redis.client();
const PYTHON = '/usr/bin/python3';

const ways: [name: string, env: Record<string, string>][] = [
  ['http', http],
  ['redis', { REDIS_URL: redis.url }],
];
for (const [name, env] of ways)
  test(`over ${name} each line is a line of the log, and the end is the run’s`, async () => {
    const command = 'echo "[1/2] 우주"; echo oops >&2; echo "[2/2]"; exit 3';
    const { code, stdout, stderr } = await runCli(['exec', name, '--', 'sh', '-c', command], env);
    assert.deepEqual([code, stdout, stderr], [3, '[1/2] 우주\n[2/2]\n', 'oops\n']);
    const events = await readHistory(client, name);
    const lines = events.map(({ message }) => message).filter(Boolean);
    // stdout and stderr are two pipes: their order is not known.
    assert.deepEqual(lines.sort(), ['[1/2] 우주', '[2/2]', 'ended with exit code 3', 'oops']);
    assert.deepEqual(
      [events[0]?.state, events.at(-1)?.state, events.at(-1)?.progress],
      ['RUNNING', 'FAILED', 1],
    );
    const progress = events.map((event) => event.progress);
    assert.ok(progress.includes(0.5), String(progress));
  });

test('a command that ends well ends its run at 100 %, with states of one’s own', async () => {
  const states = ['--state', 'COPY', '--end-state', 'DONE', '--failed-state', 'LOST'];
  assert.equal((await runCli(['exec', 'own', ...states, '--', 'true'], http)).code, 0);
  assert.equal((await runCli(['exec', 'own', ...states, '--', 'false'], http)).code, 1);
  const events = await readHistory(client, 'own');
  assert.deepEqual(
    events.map(({ state }) => state),
    ['COPY', 'DONE', 'COPY', 'LOST'],
  );
  assert.equal(events[1]?.progress, 1);
});

test('a bar that is drawn again and again is progress, and no lines', async () => {
  const script =
    'from tqdm import tqdm\nimport time\nfor _ in tqdm(range(40), mininterval=0): time.sleep(0.02)';
  const { code, stderr } = await runCli(['exec', 'tqdm', '--', PYTHON, '-c', script], http);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /40\/40/);
  const events = await readHistory(client, 'tqdm');
  const between = events
    .map(({ progress }) => progress ?? 0)
    .filter((progress) => progress > 0 && progress < 1);
  assert.ok(between.length >= 2, String(between));
  assert.deepEqual(
    between,
    [...between].sort((a, b) => a - b),
  );
  assert.ok(events.filter(({ message }) => message !== '').length <= 1);
});

test('pytest moves the bar', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['a', 'b', 'c', 'd'])
    writeFileSync(join(folder, `test_${name}.py`), 'def test_one():\n    assert True\n');
  const { code, stdout } = await runCli(
    ['exec', 'pytest', '--', PYTHON, '-m', 'pytest', '-p', 'no:cacheprovider', folder],
    http,
  );
  assert.equal(code, 0, stdout);
  const seen = new Set((await readHistory(client, 'pytest')).map(({ progress }) => progress));
  assert.deepEqual([...seen], [null, 0.25, 0.5, 0.75, 1]);
});

test('signals are passed on, and the command decides what they mean', async () => {
  const trap = 'trap "echo stopping; exit 7" TERM; echo ready; while :; do sleep 0.05; done';
  const cli = startCli(['exec', 'stopped', '--', 'sh', '-c', trap], http);
  await cli.untilPrinted(/ready/);
  cli.kill('SIGTERM');
  assert.equal((await cli.ended).code, 7);
  const events = await readHistory(client, 'stopped');
  assert.deepEqual(
    events.slice(-2).map(({ message }) => message),
    ['stopping', 'ended with exit code 7'],
  );
});

test('a command that a signal ends is 128 and its number', async () => {
  const { code } = await runCli(['exec', 'killed', '--', 'sh', '-c', 'kill -KILL $$'], http);
  assert.equal(code, 137);
  assert.equal((await readHistory(client, 'killed')).at(-1)?.message, 'ended by SIGKILL');
});

test('killed itself it can say nothing: the run stays as it was, and its signs of life stop', async (t) => {
  const lively = await startService({ REDIS_URL: redis.url, HEARTBEAT_SECONDS: '1' });
  t.after(() => lively.stop('SIGKILL'));
  const stream = await openSse(lively.eventsUrl('exec-killed'));
  t.after(stream.close);
  const command = ['sh', '-c', 'echo "command $$"; exec sleep 600'];
  const cli = startCli(['exec', 'exec-killed', '--heartbeat', '0.1s', '--', ...command], {
    REDIS_URL: redis.url,
  });
  const [, pid] = await cli.untilPrinted(/command (\d+)/);
  t.after(() => process.kill(Number(pid)));
  await stream.until(
    'signs of life',
    () => stream.progress().filter(({ message }) => message === '').length > 3,
  );
  cli.kill('SIGKILL');
  await cli.ended;
  // A ping comes after a second without an event, in which ten signs of life would have come.
  await stream.until('a ping', ({ messages }) => messages.at(-1)?.event === 'ping');
  const { state, done } = stream.progress().at(-1) ?? {};
  assert.deepEqual([state, done ?? false], ['RUNNING', false]);
});

test('a command that can’t be started is 127 or 126, and fails the run', async () => {
  const missing = await runCli(['exec', 'missing', '--', 'no-such-command'], http);
  assert.deepEqual(
    [missing.code, missing.stderr],
    [127, 'run-progress: can not start no-such-command: there is no such command\n'],
  );
  assert.equal((await runCli(['exec', 'missing', '--', '/etc/passwd'], http)).code, 126);
  assert.equal((await readHistory(client, 'missing')).at(-1)?.state, 'FAILED');
});

test('where nothing can be reported the command runs all the same', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const args = ['exec', 'r', '--url', url, '--flush', '0.2s', '--', 'sh', '-c', 'echo hello; exit 4'];
  const { code, stdout, stderr } = await runCli(args);
  assert.deepEqual([code, stdout], [4, 'hello\n']);
  assert.match(stderr, /nothing listens there; trying again\n.*not everything is recorded/);
});

test('what is printed while the service restarts is recorded once, in order', async (t) => {
  const first = await startService({ REDIS_URL: redis.url });
  t.after(() => first.stop('SIGKILL'));
  const command = 'i=0; while read line; do echo "$line"; done';
  const cli = startCli(['exec', 'restart', '--url', first.url, '--', 'sh', '-c', command]);
  for (let n = 1; n <= 20; n++) cli.stdin.write(`line ${n}\n`);
  await cli.untilPrinted(/line 20/);
  await first.stop('SIGKILL');
  for (let n = 21; n <= 40; n++) cli.stdin.write(`line ${n}\n`);
  await cli.untilPrinted(/trying again/);
  const second = await startService({ REDIS_URL: redis.url, PORT: String(first.port) });
  t.after(() => second.stop('SIGKILL'));
  cli.stdin.end();
  assert.equal((await cli.ended).code, 0);
  const events = await readHistory(client, 'restart');
  const lines = events.map(({ message }) => message).filter(Boolean);
  assert.deepEqual(
    lines,
    Array.from({ length: 40 }, (_, i) => `line ${i + 1}`),
  );
  const run = await (await request(`${second.url}/api/runs/restart`)).body.json();
  assert.equal((run as { state: string }).state, 'END');
});
