// Publishing over HTTP: what an Idempotency-Key promises. With both stores.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BOTH_STORES } from './support/both-stores.ts';
import { type Answer, logsOf, post } from './support/http-publishing.ts';

for (const { name, start } of BOTH_STORES) {
  describe(`publishing over HTTP, runs kept ${name}`, () => {
    test('a repeat under the same key is answered with the first event, and records nothing', async (t) => {
      const service = await start(t);
      const first = await post(service, 'r', { state: 'A', log: 'one' }, 'k1');
      assert.deepEqual([first.status, first.replayed], [201, false]);
      await post(service, 'r', { log: 'two' }, 'k2');
      await post(service, 'r', { log: 'three' });
      const repeat = await post(service, 'r', { state: 'A', log: 'one' }, 'k1');
      assert.deepEqual(repeat, { ...first, replayed: true });
      assert.deepEqual(await logsOf(service, 'r'), ['one', 'two', 'three']);
    });

    test('a key is one of its run alone', async (t) => {
      const service = await start(t);
      await post(service, 'a', { log: 'one' }, 'k');
      const other = await post(service, 'b', { log: 'two' }, 'k');
      assert.deepEqual([other.status, other.replayed, other.body.message], [201, false, 'two']);
    });

    test('a key is known as long as its event is in the history', async (t) => {
      const service = await start(t, { HISTORY_LIMIT: '3' });
      const first = await post(service, 'r', { log: 'one' }, 'k');
      for (const log of ['two', 'three']) await post(service, 'r', { log });
      assert.equal((await post(service, 'r', { log: 'one' }, 'k')).replayed, true);
      await post(service, 'r', { log: 'four' });
      const later = await post(service, 'r', { log: 'one' }, 'k');
      assert.equal(later.replayed, false);
      assert.equal(later.body.id, first.body.id + 4);
    });

    test('any visible ASCII is a key, and disturbs neither the history nor what readers get', async (t) => {
      const service = await start(t);
      const keys = [
        '"quoted"',
        '\\',
        '}}',
        '","sources":"',
        ',"record":{"started":1,"set":"0_0_0","epochs":"","sources":""}}',
        '%s%d(.*)',
        'x'.repeat(255),
      ];
      const firsts: Answer[] = [];
      for (const key of keys) firsts.push(await post(service, 'r', { log: key }, key));
      for (const [i, key] of keys.entries())
        assert.deepEqual(await post(service, 'r', {}, key), { ...firsts[i], replayed: true });
      assert.deepEqual(
        firsts.map(({ body }) => body.id - firsts[0]?.body.id),
        keys.map((_, i) => i),
      );
      assert.ok(firsts.every(({ body }) => !('record' in body) && !('key' in body)));
    });

    test('what an update holds is no key', async (t) => {
      const service = await start(t);
      await post(service, 'r', { log: '","key":"k"}}', data: { record: { sources: '', key: 'k' } } });
      assert.equal((await post(service, 'r', { log: 'one' }, 'k')).replayed, false);
      assert.equal((await post(service, 'r', { log: 'one' }, 'k')).replayed, true);
    });

    test('other keys are refused', async (t) => {
      const service = await start(t);
      for (const key of ['', 'x'.repeat(256), 'two words', 'k\u00e9y']) {
        const { status, body } = await post(service, 'r', { log: 'x' }, key);
        assert.deepEqual([status, body.code], [400, 'bad-idempotency-key'], key);
      }
    });

    test('of repeats that come at once one is recorded', async (t) => {
      const service = await start(t);
      const posts = Array.from({ length: 20 }, () => post(service, 'r', { log: 'one' }, 'k'));
      const answers = await Promise.all(posts);
      assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
      assert.equal(answers.filter(({ replayed }) => !replayed).length, 1);
      assert.deepEqual(await logsOf(service, 'r'), ['one']);
    });
  });
}
