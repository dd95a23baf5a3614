// Publishing over HTTP: batches. With both stores.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BOTH_STORES } from './support/both-stores.ts';
import { logsOf, post } from './support/http-publishing.ts';

for (const { name, start } of BOTH_STORES) {
  describe(`publishing over HTTP, runs kept ${name}`, () => {
    test('a batch is recorded in order, with an answer for each of its updates', async (t) => {
      const service = await start(t);
      const events = [
        { log: 'one' },
        { progress: 40, state: '' },
        5,
        { log: 'two', run_id: 'r' },
        { run_id: 'x' },
      ];
      const { status, body } = await post(service, 'r', { events });
      assert.equal(status, 200);
      const [one, badFields, noObject, two, badRun] = body.events;
      assert.deepEqual(
        [one.status, one.event.message, two.status, two.event.message],
        [201, 'one', 201, 'two'],
      );
      assert.equal(two.event.id, one.event.id + 1);
      assert.deepEqual([badFields.status, badFields.code], [422, 'bad-update']);
      assert.deepEqual(
        badFields.errors.map(({ field }: { field: string }) => field),
        ['state', 'progress'],
      );
      assert.deepEqual([noObject.status, noObject.code], [422, 'bad-update']);
      assert.deepEqual([badRun.status, badRun.errors[0].field], [422, 'run_id']);
      assert.deepEqual(await logsOf(service, 'r'), ['one', 'two']);
    });

    test('a batch repeated under its key is answered as at first, and its key is none of an update alone', async (t) => {
      const service = await start(t);
      const events = [{ log: 'one' }, { state: '' }, { log: 'two' }];
      const first = await post(service, 'r', { events }, 'k');
      assert.deepEqual(await post(service, 'r', { events }, 'k'), first);
      assert.equal((await post(service, 'r', { log: 'three' }, 'k')).replayed, false);
      assert.equal((await post(service, 'r', { log: 'four' }, 'k0')).replayed, false);
      assert.deepEqual(await logsOf(service, 'r'), ['one', 'two', 'three', 'four']);
    });

    test('a batch has 1 to 100 updates, and more room than an update alone', async (t) => {
      const service = await start(t);
      const line = 'x'.repeat(2000);
      const full = await post(service, 'r', { events: Array.from({ length: 100 }, () => ({ log: line })) });
      assert.ok(full.body.events.every(({ status }: { status: number }) => status === 201));
      for (const events of [[], Array.from({ length: 101 }, () => ({})), {}, 'x']) {
        const { status, body } = await post(service, 'r', { events });
        assert.deepEqual([status, body.code], [422, 'bad-batch']);
      }
      const large = await post(service, 'r', { log: 'x', more: 'x'.repeat(70_000) });
      assert.deepEqual([large.status, large.body.code], [413, 'too-large']);
      const absent = await post(service, 'r', { log: 'an update', events: null });
      assert.equal(absent.status, 201);
    });
  });
}
