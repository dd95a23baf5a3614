// Request smuggling: by the service alone, and through an nginx that keeps its connections. HAProxy is in the long tests.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startLocalService } from '../support/local-service.ts';
import { exchange } from '../support/raw-connection.ts';
import { AMBIGUOUS } from './ambiguous-requests.ts';
import { nginx } from './keep-alive-front.ts';
import { smugglingContract } from './smuggling-contract.ts';

// Whether it is a 400 is a matter of Node's parser: that of 20.18 takes some of them.
test('a request whose end is not clear gets one answer, and its connection ends', async (t) => {
  const service = await startLocalService();
  t.after(service.stop);
  for (const [what, bytes] of Object.entries(AMBIGUOUS)) {
    const answer = await exchange(service.port, Buffer.from(bytes, 'latin1'));
    assert.equal(answer.match(/HTTP\/1\.1 \d+/g)?.length, 1, what);
  }
  assert.deepEqual(await service.store.read('hidden'), []);
});

test('no client of an nginx that keeps its connections gets the answer of another', (t) =>
  smugglingContract(t, nginx));
