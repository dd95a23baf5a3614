// However one client asks, the next ones, whose requests take the same connections from the proxy to the service, get the
// answers to their own; and nothing gets past the proxy's rules.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { startLocalService } from '../support/local-service.ts';
import { openRaw } from '../support/raw-connection.ts';
import { AMBIGUOUS, RARE } from './ambiguous-requests.ts';
import { type KeepAliveFront, startKeepAliveFront } from './keep-alive-front.ts';

/** As many at once as find every connection that was kept. */
const VICTIMS = ['victim-1', 'victim-2', 'victim-3', 'victim-4'];
const HIDDEN_LINE = 'what only the proxy hides';

async function startBed(t: TestContext, proxy: Parameters<typeof startKeepAliveFront>[0]) {
  const service = await startLocalService();
  t.after(service.stop);
  let opened = 0;
  service.server.on('connection', () => opened++);
  await service.store.publish('hidden', { log: HIDDEN_LINE });
  await service.store.publish('r', { log: 'one' });
  await service.store.publish('done', { state: 'END' });
  for (const runId of VICTIMS) await service.store.publish(runId, { log: `of ${runId}` });
  const front = await startKeepAliveFront(proxy, service.port);
  t.after(front.stop);
  return { service, front, opened: () => opened };
}

async function answerTo({ port }: KeepAliveFront, runId: string): Promise<string> {
  const client = await openRaw(port);
  client.send(`GET /api/runs/${runId} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  await client.closed();
  return client.received;
}

/** Their own answers, or none. */
async function askVictims(front: KeepAliveFront) {
  for (const [i, answer] of (await Promise.all(VICTIMS.map((runId) => answerTo(front, runId)))).entries()) {
    const isOwn = answer.startsWith('HTTP/1.1 200 ') && answer.includes(`"of ${VICTIMS[i]}"`);
    assert.ok(isOwn || answer === '' || /^HTTP\/1\.1 50[234] /.test(answer), answer);
  }
}

export async function smugglingContract(t: TestContext, proxy: Parameters<typeof startKeepAliveFront>[0]) {
  const { service, front, opened } = await startBed(t, proxy);
  await t.test('the proxy hides a run, and keeps its connections', async () => {
    assert.match(await answerTo(front, 'hidden'), /^HTTP\/1\.1 403 /);
    await answerTo(front, 'r');
    const before = opened();
    for (let i = 0; i < 10; i++) await askVictims(front);
    assert.ok(opened() - before < VICTIMS.length, `${opened() - before} connections for 40 requests`);
  });

  for (const [what, bytes] of Object.entries({ ...AMBIGUOUS, ...RARE }))
    await t.test(what, async () => {
      const attacker = await openRaw(front.port);
      attacker.send(Buffer.from(bytes, 'latin1'));
      // Some are never answered: they wait for what would be the rest.
      await askVictims(front);
      attacker.end();
      await askVictims(front);
      attacker.reset();
      await askVictims(front);
      assert.ok(!attacker.received.includes(HIDDEN_LINE), attacker.received);
      assert.equal((await service.store.read('hidden')).length, 1, 'nothing was recorded');
    });
}
