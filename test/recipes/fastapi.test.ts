// The FastAPI and Celery recipe of docs/recipes.md: its diffs are applied to an app that listens by itself, and what the
// app's page gets before and after is compared.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { request } from 'undici';
import { startNginx } from '../cli/nginx.ts';
import { guideBlock } from '../support/guide.ts';
import { pollUntil } from '../support/poll-until.ts';
import { startProgram } from '../support/program.ts';
import { freePort, startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { openSocket } from '../support/socket-reader.ts';
import { recipeFolder } from './folder.ts';

const PYTHON = '/usr/bin/python3';

interface Shown {
  state: string | null;
  progress: number | null;
  logs: string[];
}

/** What the page shows after each message: it keeps what a message leaves out. */
function shown(messages: readonly object[]): Shown[] {
  let last: Shown = { state: null, progress: null, logs: [] };
  return messages.map((message) => {
    const { type, state, progress, logs = [], message: log } = message as Record<string, never> & Shown;
    const kept = type === 'initial_state' ? logs : [...last.logs, ...(log ? [log] : [])];
    last = { state: state ?? last.state, progress: progress ?? last.progress, logs: kept };
    return last;
  });
}

/** Starts a video, and follows it to its end as the page does: by its WebSocket, and at last by a poll. */
async function followVideo(
  t: TestContext,
  url: string,
  runId: string,
): Promise<{ seen: Shown[]; polled: Shown }> {
  const socket = await openSocket(`${url.replace('http', 'ws')}/ws/${runId}`, { origin: url });
  t.after(() => socket.socket.close());
  socket.socket.send('{"type":"ping"}');
  await socket.until('the pong', ({ messages }) => messages.some(({ type }) => type === 'pong'));
  const { statusCode } = await request(`${url}/videos/${runId}`, { method: 'POST' });
  assert.equal(statusCode, 200);
  await socket.until('the end', ({ messages }) => JSON.stringify(messages.at(-1)).includes('"END"'));
  const { state, progress, logs } = (await (await request(`${url}/api/runs/${runId}`)).body.json()) as Shown;
  return {
    seen: shown(socket.messages.filter(({ type }) => type !== 'pong')),
    polled: { state, progress, logs },
  };
}

test('an app of FastAPI gives its listening away, and its page notices nothing', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const folder = recipeFolder(t, {
    'publish_progress.py': readFileSync('src/publish/publish_progress.py', 'utf8'),
  });
  cpSync('test/recipes/autoshorts', folder, { recursive: true });
  const options = {
    cwd: folder,
    env: { PATH: process.env.PATH, REDIS_URL: redis.url, PYTHONDONTWRITEBYTECODE: '1', LC_ALL: 'C.UTF-8' },
  };
  const apply = (name: string) => {
    writeFileSync(join(folder, `${name}.diff`), guideBlock('recipes', name));
    execFileSync('patch', ['-p1', '--fuzz=0', '-i', `${name}.diff`], options);
  };
  const startWorker = async () => {
    const args = ['-m', 'celery', '-A', 'tasks', 'worker', '--pool', 'solo', '--loglevel', 'INFO'];
    const worker = startProgram(PYTHON, [...args, '--without-gossip'], options);
    t.after(() => worker.stop('SIGKILL'));
    await worker.waitForLine('"ready"', (line) => /ready\.$/.test(line));
    return worker;
  };
  const startApp = async () => {
    const port = await freePort();
    const app = startProgram(PYTHON, ['-m', 'uvicorn', 'app:app', '--port', String(port)], options);
    t.after(() => app.stop('SIGKILL'));
    await app.waitForLine('"running on"', (line) => line.includes('running on'));
    return port;
  };

  const worker = await startWorker();
  const before = await followVideo(t, `http://127.0.0.1:${await startApp()}`, 'video-1');
  assert.equal(before.seen.length, 4);

  apply('fastapi-app');
  const service = await startService({ REDIS_URL: redis.url });
  t.after(() => service.stop('SIGKILL'));
  const paths = guideBlock('recipes', 'fastapi-nginx').replaceAll('8000', String(service.port));
  const nginx = await startNginx(await startApp(), '', paths);
  t.after(nginx.stop);
  assert.deepEqual(await followVideo(t, nginx.url, 'video-1'), before);

  // From now on the worker records by itself, also while no service runs.
  apply('fastapi-tasks');
  await worker.stop('SIGKILL');
  await startWorker();
  await service.stop('SIGTERM');
  const { statusCode } = await request(`${nginx.url}/videos/video-2`, { method: 'POST' });
  assert.equal(statusCode, 200);
  const client = await redis.client();
  await pollUntil('the end of the run', async () => (await client.llen('autoshorts:run:video-2')) === 4);
  const again = await startService({ REDIS_URL: redis.url, PORT: String(service.port) });
  t.after(() => again.stop('SIGKILL'));
  const { state, progress, logs } = (await (
    await request(`${nginx.url}/api/runs/video-2`)
  ).body.json()) as Shown;
  assert.deepEqual({ state, progress, logs }, before.polled);
});
