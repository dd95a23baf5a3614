// Who gets a place among limited connections.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createPlaces,
  type GiveBack,
  type Place,
  type PlaceLimits,
} from '../../src/http/connection-limits.ts';

const UNLIMITED: PlaceLimits = {
  maxConnections: 10,
  maxConnectionsPerRun: Number.POSITIVE_INFINITY,
  maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
};
const PLACE: Place = { runIds: ['a', 'b'], address: () => '192.0.2.1' };

for (const [limit, code, other] of [
  ['maxConnections', 'too-many-connections', null],
  ['maxConnectionsPerRun', 'too-many-connections-of-run', { ...PLACE, runIds: ['c'] }],
  ['maxConnectionsPerAddress', 'too-many-connections-of-address', { ...PLACE, address: () => '192.0.2.2' }],
] as const)
  test(`${limit}: the last place is given once, and again when it was given back`, () => {
    const places = createPlaces({ ...UNLIMITED, [limit]: 2 });
    const first = places.take(PLACE) as GiveBack;
    places.take({ ...PLACE, runIds: ['b'] });
    const refused = places.take({ ...PLACE, runIds: ['x', 'b'] });
    assert.ok(typeof refused !== 'function');
    assert.deepEqual({ code: refused.code, open: refused.open }, { code, open: 2 });
    if (other) assert.equal(typeof places.take(other), 'function');
    first();
    assert.equal(typeof places.take(PLACE), 'function');
  });
