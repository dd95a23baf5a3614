// Thousands of connections of every kind, opened at once and reset, three times: the service is then what it was before.
// CONNECTIONS (3000) says how many.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { request } from 'undici';
import { pollUntil } from '../support/poll-until.ts';
import { publish } from '../support/publish.ts';
import { openRaw, type RawConnection } from '../support/raw-connection.ts';
import { launchService, type Service } from '../support/service.ts';

const COUNT = Number(process.env.CONNECTIONS ?? 3000);
const AT_ONCE = 250;
const HEAP_PROBE = new URL('../soak/heap-probe.js', import.meta.url).href;
/** A leaked socket, timer or listener takes more. */
const MAX_BYTES_EACH = 100;

const HOST = 'Host: localhost\r\n';
const KEY = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';

/** What each sends, and what it waits for before it is reset. */
const KINDS: [request: string, answer: string][] = [
  [`GET /api/runs/r/events HTTP/1.1\r\n${HOST}\r\n`, 'initial_state'],
  [`GET /api/runs/r/events HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`, 'initial_state'],
  [`GET /api/events?run=r&run=made-up HTTP/1.1\r\n${HOST}\r\n`, 'initial_state'],
  [`GET /api/runs/r/events?format=ndjson HTTP/1.1\r\n${HOST}\r\n`, 'initial_state'],
  [`GET /api/runs/made-up/events?wait=50 HTTP/1.1\r\n${HOST}\r\n`, ''],
  [`GET /ws/r HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n${KEY}\r\n`, 'initial_state'],
  [`GET /api/runs/r HTTP/1.1\r\n${HOST}\r\n`, 'initial_state'],
  [`GET /nothing HTTP/1.1\r\n${HOST}\r\n`, 'not-found'],
  [`POST /api/runs/r/events HTTP/1.1\r\n${HOST}Content-Length: 100\r\n\r\n{"log":`, ''],
  [`GET /api/runs/r HTTP/1.1\r\nHost: lo`, ''],
  ['', ''],
];

interface Usage {
  descriptors: number;
  heapUsed: number;
  resources: Record<string, number>;
}

async function usageOf({ pid, program }: Service): Promise<Usage> {
  const said = program.lines.length;
  program.kill('SIGUSR2');
  const line = await pollUntil('the probe', async () =>
    program.lines.slice(said).find((text) => text.startsWith('{"heapUsed"')),
  );
  return { descriptors: readdirSync(`/proc/${pid}/fd`).length, ...JSON.parse(line) };
}

async function openAll(port: number): Promise<RawConnection[]> {
  const connections: RawConnection[] = [];
  const openOne = async (n: number) => {
    const [text, answer] = KINDS[n % KINDS.length] ?? ['', ''];
    const connection = await openRaw(port);
    connections.push(connection);
    if (text) connection.send(text);
    if (answer) await connection.until(answer, (received) => received.includes(answer));
  };
  for (let n = 0; n < COUNT; n += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, COUNT - n) }, (_, i) => openOne(n + i)));
  return connections;
}

test(`${COUNT} connections opened and reset, three times, leave nothing behind`, async (t) => {
  const service = await launchService({}, ['--expose-gc', '--import', HEAP_PROBE]);
  t.after(() => service.stop('SIGKILL'));
  await publish(service, 'r', { log: 'one' });
  const rounds: Usage[] = [await usageOf(service)];
  for (let round = 1; round <= 3; round++) {
    const connections = await openAll(service.port);
    const open = readdirSync(`/proc/${service.pid}/fd`).length;
    for (const connection of connections) connection.reset();
    await pollUntil('the descriptors to be free', async () => {
      const { body } = await request(`${service.url}/metrics`, { headers: { connection: 'close' } });
      const text = await body.text();
      return (
        /^run_progress_spare_connections 1$/m.test(text) && !/^run_progress_connections{.*} [^0]/m.test(text)
      );
    });
    rounds.push(await usageOf(service));
    const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))?.[1];
    t.diagnostic(
      `round ${round}: ${open} descriptors at most; then ${resident} kB resident, ${JSON.stringify(rounds.at(-1))}`,
    );
  }
  const [, , second, third] = rounds;
  assert.ok(second && third);
  assert.equal(third.descriptors, second.descriptors);
  assert.deepEqual(third.resources, second.resources);
  const growth = third.heapUsed - second.heapUsed;
  assert.ok(
    growth < COUNT * MAX_BYTES_EACH,
    `the heap grew by ${growth} bytes from the second round to the third`,
  );
});
