// Bursts on a Redis that is well: every line arrives.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNodeTrial } from './support/node-trial.ts';

for (const count of [1001, 5000, 20_000])
  test(`a loop of ${count} lines loses none`, async (t) => {
    const { client, publisher, warnings } = await startNodeTrial(t);
    for (let i = 0; i < count; i++) publisher.publish('r', { log: `line ${i}` });
    assert.equal(await publisher.flush(60_000), true);
    // Ids are dense, and the first is the list's beginning: so many events were recorded.
    const last = (await client.lindex('autoshorts:run:r', -1)) ?? '';
    const [id, started] = [/"id":(\d+)/, /"started":(\d+)/].map((field) => Number(field.exec(last)?.[1]));
    assert.equal(Number(id) - Number(started) + 1, count);
    assert.match(last, new RegExp(`line ${count - 1}"`));
    assert.deepEqual(warnings, []);
  });
