// Fifty runs on one connection, in every format, through a restart of the service: every event of each, once. Text bears
// no ids: its reader begins again where it got to in NDJSON.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { request } from 'undici';
import { publish } from '../support/publish.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';

const RUNS = Array.from({ length: 50 }, (_, i) => `실행 ${i}`);
const LINES_BEFORE = 3;
const LINES_AFTER = 3;

interface Message {
  type: string;
  run_id: string;
  id: number;
  message?: string;
  gap?: boolean;
}

/** What has been read of each run: its newest id, and its lines, in order. */
interface Known {
  cursors: Map<string, number>;
  lines: Map<string, string[]>;
}

const READERS: Record<string, (service: Service, known: Known, lineCount: number) => Promise<void>> = {
  sse: (service, known, lineCount) =>
    readStream(service, 'sse', known, lineCount, (line) => {
      if (line.startsWith('data: {')) take(known, JSON.parse(line.slice('data: '.length)));
    }),
  ndjson: (service, known, lineCount) =>
    readStream(service, 'ndjson', known, lineCount, (line) => {
      if (line !== '') take(known, JSON.parse(line));
    }),
  text: (service, known, lineCount) =>
    readStream(service, 'text', known, lineCount, (line) => {
      const [, runId = '', message = ''] = /^\r*[\d:]{8} {2}(실행 \d+) .* (\d+)$/.exec(line) ?? [];
      assert.ok(RUNS.includes(runId), line);
      known.lines.set(runId, [...(known.lines.get(runId) ?? []), message]);
    }),
  'long polling': async (service, known, lineCount) => {
    while (!hasAll(known, lineCount)) {
      const { statusCode, body } = await request(`${service.url}/api/events?wait=20&${queryOf(known)}`);
      assert.ok(statusCode === 200 || statusCode === 204, `${statusCode}`);
      for (const line of (await body.text()).split('\n').filter(Boolean)) take(known, JSON.parse(line));
    }
  },
};

function queryOf({ cursors }: Known): string {
  return RUNS.map(
    (runId) => `run=${encodeURIComponent(runId)}&last_event_id=${cursors.get(runId) ?? 0}`,
  ).join('&');
}

function hasAll({ lines }: Known, lineCount: number): boolean {
  return RUNS.every((runId) => (lines.get(runId)?.length ?? 0) >= lineCount);
}

function take({ cursors, lines }: Known, { type, run_id, id, message = '', gap }: Message) {
  if (type === 'ping') return;
  assert.deepEqual([type, gap], ['progress', undefined], 'after a cursor come events, and no gap');
  assert.ok(id > (cursors.get(run_id) ?? 0), `${id} of ${run_id} came again`);
  cursors.set(run_id, id);
  lines.set(run_id, [...(lines.get(run_id) ?? []), message]);
}

/** Reads on until it has so many lines of each run. */
async function readStream(
  service: Service,
  format: string,
  known: Known,
  lineCount: number,
  takeLine: (line: string) => void,
) {
  const { body } = await request(`${service.url}/api/events?format=${format}&${queryOf(known)}`);
  let rest = '';
  for await (const chunk of body.setEncoding('utf8')) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) takeLine(line);
    if (hasAll(known, lineCount)) return;
  }
}

async function publishLines(service: Service, first: number, count: number) {
  for (let n = first; n < first + count; n++)
    await Promise.all(RUNS.map((runId) => publish(service, runId, { log: `${n}` })));
}

async function start(t: TestContext, redis: RedisServer): Promise<Service> {
  const service = await startService({ REDIS_URL: redis.url });
  t.after(() => service.stop());
  return service;
}

test('every event of fifty runs comes once in every format, before and after a restart', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const first = await start(t, redis);
  const readers = Object.entries(READERS).map(([name, read]) => ({
    name,
    read,
    known: { cursors: new Map(), lines: new Map() } satisfies Known,
  }));
  // Half of the lines while they read, half before.
  await publishLines(first, 1, 1);
  const reading = readers.map(({ read, known }) => read(first, known, LINES_BEFORE));
  await publishLines(first, 2, LINES_BEFORE - 1);
  await Promise.all(reading);
  await first.stop();

  const second = await start(t, redis);
  const total = LINES_BEFORE + LINES_AFTER;
  await publishLines(second, LINES_BEFORE + 1, 1);
  const cursors = readers.find(({ name }) => name === 'ndjson')?.known.cursors ?? [];
  const text = readers.find(({ name }) => name === 'text');
  for (const [runId, cursor] of cursors) text?.known.cursors.set(runId, cursor);
  const again = readers.map(({ read, known }) => read(second, known, total));
  await publishLines(second, LINES_BEFORE + 2, LINES_AFTER - 1);
  await Promise.all(again);
  const expected = Array.from({ length: total }, (_, i) => `${i + 1}`);
  for (const { name, known } of readers)
    for (const runId of RUNS) assert.deepEqual(known.lines.get(runId), expected, `${name}: ${runId}`);
});
