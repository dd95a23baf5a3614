// The service beside a FastAPI app that has the same routes, behind one nginx: it takes them over one by one, and the
// app's page gets the same at each step.
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { recipeFolder } from '../recipes/folder.ts';
import { pollUntil } from '../support/poll-until.ts';
import { startProgram } from '../support/program.ts';
import { freePort, startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { openSocket } from '../support/socket-reader.ts';
import { KOREAN_RUN } from '../support/stages.ts';
import { type Front, startFront } from './front.ts';
import { askWhole, createFrontClient, type FrontClient } from './front-client.ts';
import { nginx } from './recipes.ts';

const STEPS = 3;
/** As workers publish them, all fields given and not. */
const UPDATES = [
  { state: 'PLOT_GENERATION', progress: 0.1, log: '플롯 생성 시작' },
  { progress: 0.15, log: '시나리오 CSV 생성 완료' },
  { state: 'END', progress: 1, log: '영상 생성 완료! 🎉' },
];

/** The block of the guide up to a step. */
function upTo(step: number) {
  return (block: string) => {
    const parts = block.split(/^ {2}# Step \d: .*\n/m);
    assert.equal(parts.length, STEPS + 1);
    const text = parts.slice(0, step + 1).join('');
    return step === STEPS ? text : `${text}}\n`;
  };
}

async function startApp(t: TestContext, redisUrl: string): Promise<number> {
  const folder = recipeFolder(t, {});
  cpSync('test/recipes/autoshorts', folder, { recursive: true });
  const port = await freePort();
  const app = startProgram('/usr/bin/python3', ['-m', 'uvicorn', 'app:app', '--port', String(port)], {
    cwd: folder,
    env: { PATH: process.env.PATH, REDIS_URL: redisUrl, PYTHONDONTWRITEBYTECODE: '1', LC_ALL: 'C.UTF-8' },
  });
  t.after(() => app.stop('SIGKILL'));
  await app.waitForLine('"running on"', (line) => line.includes('running on'));
  return port;
}

interface Page {
  /** What the page shows at the end, by its WebSocket and by its polling. */
  shown: object;
  polled: object;
  /** Who has answered: only the service gives its pong a time, and its polls an ETag. */
  answeredBy: { webSocket: 'app' | 'service'; polling: 'app' | 'service' };
}

/** Follows a run as the app's page always did. */
async function followAsPage(
  { url }: Front,
  client: FrontClient,
  runId: string,
  publish: (update: object) => Promise<unknown>,
): Promise<Page> {
  const path = encodeURIComponent(runId);
  const options = { origin: url, rejectUnauthorized: false };
  const { socket, messages, until } = await openSocket(`${url.replace('http', 'ws')}/ws/${path}`, options);
  socket.send('{"type":"ping"}');
  const pong = await until('the pong', () => messages.find(({ type }) => type === 'pong'));
  const shown = { state: null as unknown, progress: null as unknown, logs: [] as unknown[] };
  for (const update of UPDATES) {
    await publish({ run_id: runId, ...update });
    await until(update.log, () => JSON.stringify(messages.at(-1)).includes(update.log));
    const { state, progress, message } = messages.at(-1) as unknown as Record<string, unknown>;
    shown.state = state ?? shown.state;
    shown.progress = progress ?? shown.progress;
    shown.logs.push(message);
  }
  socket.terminate();
  // The app and the service each hear of an update by themselves.
  const { text, headers } = await pollUntil('the end', async () => {
    const answer = await askWhole(client, `/api/runs/${path}`);
    return answer.text.includes('"END"') && answer;
  });
  const { state, progress, logs } = JSON.parse(text);
  return {
    shown,
    polled: { state, progress, logs },
    answeredBy: {
      webSocket: 'ts' in pong ? 'service' : 'app',
      polling: headers.etag ? 'service' : 'app',
    },
  };
}

test('the service takes the routes of a FastAPI app over one by one', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const appPort = await startApp(t, redis.url);
  const service = await startService({ REDIS_URL: redis.url });
  t.after(() => service.stop('SIGKILL'));
  const worker = await redis.client();
  const publish = (update: object) => worker.publish('autoshorts:progress', JSON.stringify(update));
  const pages: Page[] = [];

  for (let step = 0; step <= STEPS; step++) {
    const front = await startFront(nginx, service.port, {
      block: 'nginx beside an app',
      edit: (block) => upTo(step)(block).replace('127.0.0.1:8080', `127.0.0.1:${appPort}`),
    });
    t.after(front.stop);
    const client = createFrontClient(front.url, '2');
    t.after(client.close);
    const runId = `${KOREAN_RUN}_${step}`;
    const page = await followAsPage(front, client, runId, publish);
    pages.push(page);
    assert.deepEqual([page.shown, page.polled], [pages[0]?.shown, pages[0]?.polled], `step ${step}`);
    const by = (isTaken: boolean) => (isTaken ? 'service' : 'app');
    assert.deepEqual(page.answeredBy, { webSocket: by(step >= 2), polling: by(step >= 3) });

    const events = `/api/runs/${encodeURIComponent(runId)}/events?last_event_id=0`;
    const stream = await askWhole(client, events);
    assert.equal(stream.status, step === 0 ? 404 : 200);
    if (step > 0) for (const { log } of UPDATES) assert.ok(stream.text.includes(log), stream.text);
    assert.equal((await askWhole(client, '/run-progress.js')).status, step === 0 ? 404 : 200);
    const posted = await askWhole(client, `/api/runs/${encodeURIComponent(runId)}`, {
      method: 'POST',
      body: '',
    });
    assert.deepEqual(
      [posted.status, posted.text],
      [405, '{"detail":"Method Not Allowed"}'],
      'the app says so',
    );
    await front.stop();
  }
});
