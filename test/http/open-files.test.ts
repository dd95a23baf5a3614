// A process that may open fewer files than there are readers: it refuses some, says so, and goes on answering.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import { roomIn, roomWarning } from '../../src/http/open-files.ts';
import { publish } from '../support/publish.ts';
import { openRaw } from '../support/raw-connection.ts';
import { launchService } from '../support/service.ts';
import { openSse, type SseReader } from '../support/sse-reader.ts';

const READERS = 200;
/** Both limits, as Node raises the soft one to the hard one. */
const FEW_FILES = ['prlimit', '--nofile=128:128', process.execPath];

const ROOMS: [free: number, wanted: number, readers: number, spare: number][] = [
  [Number.POSITIVE_INFINITY, 10_000, 10_000, 10_000],
  [1_048_550, 10_000, 10_000, 10_000],
  [20_000, 10_000, 10_000, 9976],
  [10_000, 10_000, 8976, 1000],
  [1000, 10_000, 651, 325],
  [100, 10_000, 51, 25],
  [100, 30, 30, 46],
  [20_000, 6, 6, 1000],
  [0, 10_000, 1, 1],
];
for (const [free, wanted, readers, spare] of ROOMS)
  test(`of ${free} files that may be opened, ${wanted} readers wanted: ${readers}, and ${spare} others`, () => {
    assert.deepEqual(roomIn(free, wanted), { readers, spare });
    if (free > 24 + 1) assert.ok(readers + spare <= free - 24);
  });

test('the warning names the readers that fit and the limit that is needed; several processes share them', () => {
  assert.equal(roomWarning(20_000, 10_000, 1), null);
  assert.match(roomWarning(1000, 10_000, 1) ?? '', /651 readers fit, not 10000 .* to 16384 .*=651$/);
  assert.equal(roomWarning(5000, 10_000, 4), null);
  assert.match(roomWarning(1000, 10_000, 4) ?? '', /2604 readers fit, not 10000 .* to 4096 /);
});

test(`at ulimit -n 128 ${READERS} readers get a stream or a 503, and health checks their answer`, async (t) => {
  const service = await launchService({}, [], FEW_FILES);
  t.after(() => service.stop());
  await service.program.waitForLine('a warning', (line) => /readers fit.*ulimit -n.*LimitNOFILE/.test(line));
  const readers: SseReader[] = [];
  t.after(() => {
    for (const reader of readers) reader.close();
  });
  for (let i = 0; i < READERS; i++) readers.push(await openSse(service.eventsUrl('r')));
  const admitted = readers.filter(({ status }) => status === 200);
  const refused = readers.filter(({ status }) => status === 503);
  assert.equal(admitted.length + refused.length, READERS);
  assert.ok(admitted.length >= 40, `${admitted.length} were admitted`);
  for (const reader of refused) {
    await reader.ended;
    assert.match(reader.text, /"too-many-connections"/);
  }
  assert.equal((await request(`${service.url}/healthz`)).statusCode, 200);
  await service.program.waitForLine('the refusal', (line) => line.includes('"code":"too-many-connections"'));
  await publish(service, 'r', { log: 'for all who have a place' });
  for (const reader of admitted) await reader.until('the line', ({ progress }) => progress().length === 1);
});

test('connections that ask nothing, more than there are files, keep nobody out, and the log tells of them', async (t) => {
  const service = await launchService({}, [], FEW_FILES);
  t.after(() => service.stop());
  const silent = await Promise.all(Array.from({ length: READERS }, () => openRaw(service.port)));
  t.after(() => {
    for (const connection of silent) connection.reset();
  });
  assert.equal((await request(`${service.url}/healthz`)).statusCode, 200);
  await service.program.waitForLine('what is cut', (line) => line.includes('the oldest of them are cut'));
});
