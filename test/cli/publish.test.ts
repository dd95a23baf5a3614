// `run-progress publish`, as a program: one update, or the lines of a pipe.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHistory } from '../support/history-list.ts';
import { freePort, REDIS_PASSWORD, startRedis } from '../support/redis.ts';
import { launchService, startService } from '../support/service.ts';
import { runCli } from './cli.ts';

const redis = await startRedis();
test.after(redis.stop);
const service = await startService({ REDIS_URL: redis.url });
test.after(() => service.stop('SIGKILL'));
const client = await redis.client();
const ways: [name: string, env: Record<string, string>][] = [
  ['http', { RUN_PROGRESS_URL: service.url }],
  ['redis', { REDIS_URL: redis.url }],
];

for (const [name, env] of ways) {
  test(`an update is recorded over ${name}`, async () => {
    const fields = ['--state', 'RENDERING', '--progress', '40%', '--log', '렌더링', '--data', '{"url":"/v"}'];
    const { code, stdout, stderr } = await runCli(['publish', name, ...fields], env);
    assert.deepEqual([code, stdout, stderr], [0, '', '']);
    const [event] = await readHistory(client, name);
    assert.deepEqual(
      [event?.state, event?.progress, event?.message, event?.data],
      ['RENDERING', 0.4, '렌더링', { url: '/v' }],
    );
  });

  test(`the lines of a pipe are recorded over ${name}, in order`, async () => {
    const lines = Array.from({ length: 250 }, (_, i) => `[${i + 1}/250] file`);
    const input = `${lines.join('\n')}\n\n{"state":"QA","progress":7}\n{not JSON\nlast`;
    const { code, stderr } = await runCli(['publish', `${name}-pipe`, '--state', 'COPY'], env);
    assert.deepEqual([code, stderr], [0, '']);
    const piped = await runCli(['publish', `${name}-pipe`, '-'], env, input);
    assert.equal(piped.code, 0);
    assert.equal(piped.stderr, 'run-progress: progress must be from 0 to 1: it is left out\n');
    const events = await readHistory(client, `${name}-pipe`);
    assert.deepEqual(events.map(({ message }) => message).filter(Boolean), [...lines, '{not JSON', 'last']);
    assert.deepEqual([events[0]?.state, events.at(-1)?.state, events.at(-1)?.progress], ['COPY', 'QA', 1]);
  });
}

test('what can’t be recorded is 3, within the time given', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const { code, stderr } = await runCli(['publish', 'r', '--log', 'x', '--url', url, '--timeout', '0.3s']);
  assert.equal(code, 3);
  assert.match(
    stderr,
    /nothing listens there; trying again\nrun-progress: not everything is recorded at http\S*\n.*run-progress doctor http\S* finds out/,
  );
});

test('where Redis is away it says so, once, and nothing of what Node says of lost connections', async () => {
  const url = `redis://:${REDIS_PASSWORD}@127.0.0.1:${await freePort()}`;
  const { code, stderr } = await runCli(['publish', 'r', '--log', 'x', '--timeout', '0.3s'], {
    REDIS_URL: url,
  });
  assert.equal(code, 3);
  assert.match(
    stderr,
    /^run-progress: no connection to Redis, updates wait: connect ECONNREFUSED \S+\nrun-progress: not everything is recorded at Redis at 127\S+\nIs Redis running there, and REDIS_URL right\?\n$/,
  );
});

test('where publishing over HTTP is off it says so, and doesn’t try on', async (t) => {
  const production = await launchService({ NODE_ENV: 'production' });
  t.after(() => production.stop('SIGKILL'));
  const { code, stderr } = await runCli(['publish', 'r', '--log', 'x', '--url', production.url]);
  assert.equal(code, 3);
  assert.match(stderr, /answers 403: .*\n.*token.*\nrun-progress: not everything is recorded at http\S*\n$/);
});
