// Several processes: what does not start, and ends that are out of order. None may leave a process behind.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import { restartDelayMs } from '../../src/processes/primary.ts';
import { pollUntil } from '../support/poll-until.ts';
import { startProgram } from '../support/program.ts';
import { openRaw } from '../support/raw-connection.ts';
import { startService } from '../support/service.ts';
import { isAlive, type ServiceOfSeveral, startSeveral } from '../support/service-of-several.ts';
import { openSse } from '../support/sse-reader.ts';

async function untilNoneLives(service: ServiceOfSeveral) {
  await pollUntil(
    'the end of all processes',
    async () => !service.processes().some(({ pid }) => isAlive(pid)),
  );
}

test('kill -9 of the first process ends the others', async (t) => {
  const service = await startSeveral(t, 2);
  await service.stop('SIGKILL');
  await untilNoneLives(service);
});

test('a process that stands still is killed when its time is over; the exit code is 0', async (t) => {
  const service = await startSeveral(t, 2, { SHUTDOWN_SECONDS: '1' });
  const [stopped] = service.processes();
  assert.ok(stopped);
  process.kill(stopped.pid, 'SIGSTOP');
  assert.deepEqual(await service.stop('SIGTERM'), { code: 0, signal: null });
  assert.ok(service.program.lines.some((line) => line.includes('not ended in time')));
  await untilNoneLives(service);
});

test('a second signal ends them at once', async (t) => {
  const service = await startSeveral(t, 2, { SHUTDOWN_SECONDS: '600' });
  // A request that is never finished keeps its process.
  const half = await openRaw(service.port);
  t.after(half.reset);
  half.send('POST /api/runs/half/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{');
  await service.metric('run_progress_processes');
  service.program.kill('SIGTERM');
  await service.program.waitForLine('"closing"', (line) => line.includes('"msg":"closing"'));
  let exit: unknown;
  service.program.exited.then((how) => {
    exit = how;
  });
  await pollUntil('the end', async () => {
    service.program.kill('SIGTERM');
    return exit;
  });
  assert.deepEqual(exit, { code: 1, signal: null });
  await untilNoneLives(service);
});

test('a port that is in use stops the start', async (t) => {
  const service = await startSeveral(t, 2);
  const second = startProgram(process.execPath, ['dist/main.js'], {
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: String(service.port),
      REDIS_URL: service.redis.url,
      WEB_CONCURRENCY: '2',
    },
  });
  assert.deepEqual(await second.exited, { code: 1, signal: null });
  assert.ok(second.lines.some((line) => line.includes('the port is in use')));
});

test('without Redis it is one process, and the log says why', async (t) => {
  const service = await startService({ WEB_CONCURRENCY: '4' });
  t.after(() => service.stop());
  assert.ok(service.program.lines.some((line) => line.includes('without REDIS_URL')));
  assert.ok(!service.program.lines.some((line) => line.includes('a process serves')));
});

test('what Redis lacks is said once, by the first process', async (t) => {
  const service = await startSeveral(t, 3);
  // Each new connection goes to the next process. One that is ready has looked at what Redis lacks.
  let ready = 0;
  await pollUntil('all processes to be ready', async () => {
    const { statusCode, body } = await request(`${service.url}/readyz`, { reset: true });
    await body.dump();
    ready = statusCode === 200 ? ready + 1 : 0;
    return ready === 6;
  });
  const said = service.program.lines.filter((line) => line.includes('appendonly is off'));
  assert.deepEqual(
    said.map((line) => JSON.parse(line).worker),
    [1],
  );
});

test("a worker of somebody else's cluster counts for itself", async (t) => {
  const cluster =
    "import cluster from 'node:cluster'; cluster.setupPrimary({ exec: 'dist/main.js', execArgv: [] }); cluster.fork();";
  const program = startProgram(process.execPath, ['--input-type=module', '--eval', cluster], {
    env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', WEB_CONCURRENCY: '2' },
  });
  t.after(() => program.stop('SIGKILL'));
  const port = await program.waitForLine(
    '"listening"',
    (line) => /"listening on http:\/\/[^:]+:(\d+)/.exec(line)?.[1],
  );
  const reader = await openSse(`http://127.0.0.1:${port}/api/runs/r/events`);
  t.after(reader.close);
  assert.equal(reader.status, 200);
});

test('what dies again and again is started ever more slowly, and never given up', () => {
  assert.deepEqual([0, 1, 2, 3, 7, 8, 1000].map(restartDelayMs), [0, 100, 200, 400, 6400, 10_000, 10_000]);
});
