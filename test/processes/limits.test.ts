// Limits of several processes hold for all of them together: never one too many, and none refused while there is room.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import { pollUntil } from '../support/poll-until.ts';
import { startSeveral } from '../support/service-of-several.ts';
import { openSse } from '../support/sse-reader.ts';

for (const [variable, code] of [
  ['MAX_CONNECTIONS', 'too-many-connections'],
  ['MAX_CONNECTIONS_PER_RUN', 'too-many-connections-of-run'],
  ['MAX_CONNECTIONS_PER_ADDRESS', 'too-many-connections-of-address'],
] as const)
  test(`${variable} is of the whole, and readers that leave and processes that die give places back`, async (t) => {
    const service = await startSeveral(t, 2, { [variable]: '5' });
    const openMany = async () => {
      const all = await Promise.all(Array.from({ length: 12 }, () => openSse(service.eventsUrl('r'))));
      for (const reader of all) t.after(reader.close);
      return all.filter(({ status }) => status === 200);
    };
    const open = () => service.metric('run_progress_connections{transport="sse"}');
    const [first, ...others] = await openMany();
    assert.equal(others.length, 4);
    assert.equal(await service.metric(`run_progress_problems_total{code="${code}"}`), 7);
    assert.equal(await open(), 5);

    first?.close();
    await pollUntil('the end of the first', async () => (await open()) === 4);
    assert.equal((await openMany()).length, 1);

    for (const [i, { pid }] of service.processes().entries()) {
      process.kill(pid, 'SIGKILL');
      const next = `"worker":${i + 3}`;
      await service.program.waitForLine('the next process', (line) => line.includes(next));
    }
    assert.equal(await open(), 0);
    assert.equal((await openMany()).length, 5);
  });

test('PUBLISH_RATE is of the whole', async (t) => {
  const service = await startSeveral(t, 2, { PUBLISH_RATE: '100' });
  const events = Array.from({ length: 50 }, (_, i) => ({ log: `line ${i}` }));
  const publish = async () => {
    const { statusCode, body } = await request(service.eventsUrl('r'), {
      method: 'POST',
      body: JSON.stringify({ events }),
      // Each on a connection of its own, so that the processes get them in turns.
      reset: true,
    });
    await body.dump();
    return statusCode;
  };
  const since = performance.now();
  const statuses = await Promise.all(Array.from({ length: 12 }, publish));
  const seconds = (performance.now() - since) / 1000;
  const recorded = statuses.filter((status) => status === 200).length * events.length;
  // The bucket, and what has flowed into it.
  assert.ok(recorded >= 100 && recorded <= 100 + 100 * seconds, `${recorded} in ${seconds} s`);
  assert.ok(statuses.every((status) => [200, 429].includes(status)));
});
