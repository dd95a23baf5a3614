// Runtimes that are not Node: one way through the service from its start to its end, and the publisher for Node.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { request } from 'undici';
import { startProgram } from '../support/program.ts';
import { publish, publishAll, publishAnswer } from '../support/publish.ts';
import { untilReady } from '../support/readiness.ts';
import { startRedis } from '../support/redis.ts';
import { launchService } from '../support/service.ts';
import { openSocket } from '../support/socket-reader.ts';
import { openSse, readSse } from '../support/sse-reader.ts';

const run = promisify(execFile);

interface Runtime {
  name: string;
  /** Of the registry: the program of this platform. */
  package: string;
  command: readonly string[];
}

const isArm = process.arch === 'arm64';
const RUNTIMES: readonly Runtime[] = [
  {
    name: 'Bun',
    package: isArm ? '@oven/bun-linux-aarch64' : '@oven/bun-linux-x64',
    command: ['bin/bun'],
  },
  {
    name: 'Deno',
    package: isArm ? '@deno/linux-arm64-glibc' : '@deno/linux-x64-glibc',
    command: ['deno', 'run', '--allow-all', '--no-prompt'],
  },
];

async function install(t: TestContext, { package: name, command }: Runtime): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-runtime-'));
  t.after(() => rmSync(folder, { recursive: true }));
  await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder, name]);
  const [program = '', ...args] = command;
  return [join(folder, 'node_modules', name, program), ...args];
}

for (const runtime of RUNTIMES)
  test(`${runtime.name} runs the service from its start to an end in order, and the publisher`, async (t) => {
    const redis = await startRedis();
    t.after(redis.stop);
    const worker = await redis.client();
    const command = await install(t, runtime);
    const service = await launchService({ REDIS_URL: redis.url, HEARTBEAT_SECONDS: '1' }, [], command);
    t.after(() => service.stop('SIGKILL'));
    await untilReady(service.url);

    // Its files, an error, and an update that is none.
    assert.equal((await request(`${service.url}/run-progress.js`)).statusCode, 200);
    assert.equal((await request(`${service.url}/api/runs/unknown`)).statusCode, 404);
    assert.equal((await publishAnswer(service, 'r', { progress: 7 })).status, 422);

    // A stream and a WebSocket get what comes over HTTP and by a bare PUBLISH.
    const stream = await openSse(service.eventsUrl('r'));
    const socket = await openSocket(service.webSocketUrl('r'));
    const [first] = await publishAll(service, 'r', [{ log: 'one' }, { log: 'two', progress: 0.5 }]);
    await worker.publish('autoshorts:progress', JSON.stringify({ run_id: 'r', log: 'three' }));
    await stream.until('three lines', ({ progress }) => progress().length === 3);
    await socket.until('three lines', ({ messages }) => messages.length === 3);
    await stream.until('a heartbeat', ({ messages }) => messages.at(-1)?.event === 'ping');
    socket.socket.send('{"type":"ping"}');
    await socket.until('a pong', ({ messages }) => messages.at(-1)?.type === 'pong');

    // A repeat is no second event; a long poll, and a reader that comes back, have what they lack.
    for (const replayed of [false, true]) {
      const answer = await publishAnswer(service, 'r', { log: 'four' }, { 'Idempotency-Key': 'four' });
      assert.equal(answer.replayed, replayed);
    }
    const poll = await request(`${service.eventsUrl('r')}?wait=0&last_event_id=${first?.id}`);
    assert.equal((await poll.body.text()).trim().split('\n').length, 3);
    await publish(service, 'r', { state: 'END' });
    assert.equal(await stream.ended, 'end');
    const late = await readSse(service.eventsUrl('r'), { 'Last-Event-ID': String(first?.id) });
    assert.deepEqual(
      late.progress().map(({ message }) => message),
      ['two', 'three', 'four', ''],
    );

    await usePublisher(t, command, redis.url);
    const { body } = await request(`${service.url}/api/runs/by%20publisher`);
    const { state, current, total } = JSON.parse(await body.text());
    assert.deepEqual({ state, current, total }, { state: 'END', current: 500, total: 500 });

    const waiting = await openSse(service.eventsUrl('another'));
    assert.deepEqual(await service.stop('SIGTERM'), { code: 0, signal: null });
    assert.equal(await waiting.ended, 'broken');
    assert.equal(waiting.retries.length, 2, 'it was told when to come back');
    assert.equal((await socket.closed).code, 1001);
  });

async function usePublisher(t: TestContext, [program = '', ...args]: readonly string[], redisUrl: string) {
  const script = 'test/deploy/programs/publishing.js';
  const publisher = startProgram(program, [...args, script, redisUrl]);
  t.after(() => publisher.stop('SIGKILL'));
  assert.deepEqual(await publisher.exited, { code: 0, signal: null }, publisher.lines.join('\n'));
}
