// What an open connection keeps: ten thousand of them are open, so each byte counts.
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import type { Served } from '../../src/delivery/departure.ts';
import { createPlaces } from '../../src/http/connection-limits.ts';
import { type Connections, createConnections } from '../../src/http/connections.ts';
import { createExpiries } from '../../src/http/expiries.ts';
import { SNAPSHOT } from '../../src/runs/cursor.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const LIMITS = {
  maxConnections: 10,
  maxConnectionsPerRun: Number.POSITIVE_INFINITY,
  maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
};

const SERVED: Served = {
  expire: () => {},
  leave: () => ({ events: 0, cursors: [SNAPSHOT], ending: 'the client left' }),
};

function setUp(t: TestContext) {
  const expiries = createExpiries();
  t.after(expiries.close);
  const socket = new PassThrough();
  t.after(() => socket.destroy());
  return {
    socket,
    connections: createConnections(createPlaces(LIMITS), expiries, pino({ enabled: false })),
  };
}

/** Enters as an endpoint does: its functions know the request. */
async function enter(connections: Connections, socket: PassThrough): Promise<WeakRef<object>> {
  const request = { head: 'a long one' };
  const permit = { subject: '', expiresAt: Date.now() + 60_000 };
  await connections.enter(
    socket,
    { transport: 'sse', runIds: ['r'], from: [SNAPSHOT], permit, address: () => request.head },
    () => SERVED,
  );
  return new WeakRef(request);
}

test('the request of an open connection is let go', async (t) => {
  const { connections, socket } = setUp(t);
  const request = await enter(connections, socket);
  await nextTurn();
  collectGarbage();
  assert.equal(request.deref(), undefined);
});
