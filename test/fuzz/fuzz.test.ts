// Random requests against the built program: no 500, no fault in its log, no end, no growth. A failure prints its seed and
// the smallest requests that show it; FUZZ_SEED repeats it, FUZZ_SECONDS (40) lets it run for longer.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { request } from 'undici';
import { publish } from '../support/publish.ts';
import { openRaw } from '../support/raw-connection.ts';
import { launchService, type Service } from '../support/service.ts';
import { connectionBytes } from './requests.ts';

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 40);
/** A leak of a few kilobytes a request ends the program within the time. */
const HEAP_MB = 64;
const WARM_UP = 500;
const MAX_GROWTH_MB = 100;

/** Sends it all, then ends its side: whatever is under way is answered, or cut, and the connection closes. */
async function converse(service: Service, pieces: readonly Buffer[]): Promise<string> {
  const connection = await openRaw(service.port);
  for (const piece of pieces) connection.send(piece);
  connection.end();
  await connection.closed();
  return connection.received;
}

async function holds(service: Service, pieces: readonly Buffer[]) {
  const answer = await converse(service, pieces);
  assert.doesNotMatch(answer, /^HTTP\/1\.1 500 /m);
  const faults = service.program.lines.filter((line) => /"level":[56]0|Error/.test(line));
  assert.deepEqual(faults, []);
}

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

test('random requests do no harm', { timeout: (SECONDS + 110) * 1000 }, async (t) => {
  const service = await launchService({}, [`--max-old-space-size=${HEAP_MB}`]);
  t.after(() => service.stop('SIGKILL'));
  await publish(service, 'known', { state: 'QA', log: 'x'.repeat(1000) });
  await publish(service, 'finished', { state: 'END' });
  const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`FUZZ_SEED=${seed}`);
  let connections = 0;
  let residentBefore = 0;
  const property = fc.asyncProperty(connectionBytes, async (pieces) => {
    await holds(service, pieces);
    if (++connections === WARM_UP) residentBefore = residentMb(service.pid);
  });
  await fc.assert(property, {
    seed,
    numRuns: 10_000_000,
    interruptAfterTimeLimit: SECONDS * 1000,
    markInterruptAsFailure: false,
    endOnFailure: false,
  });
  t.diagnostic(`${connections} connections`);
  assert.equal((await request(`${service.url}/healthz`)).statusCode, 200);
  const growth = connections > WARM_UP ? residentMb(service.pid) - residentBefore : 0;
  assert.ok(growth < MAX_GROWTH_MB, `${growth} MB more after ${connections} connections`);
});
