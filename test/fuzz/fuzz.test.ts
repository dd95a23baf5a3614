// Random requests against the built program: no 500, no fault in its log, no end, no growth. A failure prints its seed and
// the smallest requests that show it; FUZZ_SEED repeats it, FUZZ_SECONDS (60) lets it run for longer.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { request } from 'undici';
import { publishAnswer } from '../support/publish.ts';
import { openRaw } from '../support/raw-connection.ts';
import { launchService, type Service } from '../support/service.ts';
import { makeToken, SECRET } from '../support/token.ts';
import { connectionBytes } from './requests.ts';

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 60);
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

/** Some that are taken, and some that are not. */
async function tokenHeaders(): Promise<string[]> {
  const tokens = await Promise.all([
    makeToken({ scope: 'read publish metrics' }),
    makeToken({ scope: 'read', run: ['known', '우주여행고양이'] }),
    makeToken({ scope: 'publish', expiresIn: -60 }),
    makeToken({ scope: 5, run: { a: 1 } }),
  ]);
  return tokens.flatMap((token) => [`Authorization: Bearer ${token}`, `Cookie: run_progress_token=${token}`]);
}

const SERVICES: Record<string, Record<string, string>> = {
  'open to all': {},
  'that asks for tokens': {
    PROGRESS_SECRET: SECRET,
    ALLOWED_ORIGINS: 'https://app.example',
    TRUSTED_PROXIES: '1',
    MAX_CONNECTIONS_PER_ADDRESS: '20',
    PUBLISH_RATE: '50',
  },
};

for (const [what, env] of Object.entries(SERVICES))
  test(`random requests do no harm to a service ${what}`, { timeout: (SECONDS + 110) * 1000 }, async (t) => {
    const service = await launchService(env, [`--max-old-space-size=${HEAP_MB}`]);
    t.after(() => service.stop('SIGKILL'));
    const headers = { authorization: `Bearer ${await makeToken({ scope: 'publish' })}` };
    for (const [runId, state] of Object.entries({ known: 'QA', finished: 'END' })) {
      const { status } = await publishAnswer(service, runId, { state, log: 'x'.repeat(1000) }, headers);
      assert.equal(status, 201);
    }
    const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
    t.diagnostic(`FUZZ_SEED=${seed}`);
    let connections = 0;
    let residentBefore = 0;
    const property = fc.asyncProperty(connectionBytes(await tokenHeaders()), async (pieces) => {
      await holds(service, pieces);
      if (++connections === WARM_UP) residentBefore = residentMb(service.pid);
    });
    await fc.assert(property, {
      seed,
      numRuns: 10_000_000,
      interruptAfterTimeLimit: (SECONDS * 1000) / Object.keys(SERVICES).length,
      markInterruptAsFailure: false,
      endOnFailure: false,
    });
    t.diagnostic(`${connections} connections`);
    assert.equal((await request(`${service.url}/healthz`)).statusCode, 200);
    const growth = connections > WARM_UP ? residentMb(service.pid) - residentBefore : 0;
    assert.ok(growth < MAX_GROWTH_MB, `${growth} MB more after ${connections} connections`);
  });
