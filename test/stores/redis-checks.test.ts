import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordingProblem, startWarnings } from '../../src/stores/redis-checks.ts';

const info = (fields: Record<string, string>) =>
  `# Server\r\n${Object.entries(fields)
    .map(([name, value]) => `${name}:${value}`)
    .join('\r\n')}\r\n`;

const cases: [string, Record<string, string>, string, RegExp | null][] = [
  [
    'a master',
    { role: 'master', cluster_enabled: '0', maxmemory: '0', used_memory: '9' },
    'autoshorts',
    null,
  ],
  ['Redis that says nothing', {}, 'autoshorts', null],
  ['a replica', { role: 'slave' }, 'autoshorts', /replica/],
  ['a cluster node', { cluster_enabled: '1' }, 'autoshorts', /KEY_PREFIX='\{rp\}'/],
  ['a cluster node with a hash tag', { cluster_enabled: '1' }, '{rp}', null],
  ['a full one', { maxmemory: '10', used_memory: '10', maxmemory_policy: 'noeviction' }, 'a', /full/],
  [
    'a full one that evicts',
    { maxmemory: '10', used_memory: '10', maxmemory_policy: 'volatile-ttl' },
    'a',
    null,
  ],
];
for (const [name, fields, keyPrefix, expected] of cases)
  test(`what Redis says of itself: ${name}`, () => {
    const problem = recordingProblem(info(fields), keyPrefix);
    if (expected) assert.match(problem ?? '', expected);
    else assert.equal(problem, null);
  });

test('an operator is warned of eviction and of a Redis that forgets', () => {
  const warnings = startWarnings(info({ maxmemory_policy: 'allkeys-lru', aof_enabled: '0' }));
  assert.equal(warnings.length, 2);
  assert.match(warnings[0] ?? '', /allkeys-lru/);
  assert.match(warnings[1] ?? '', /appendonly/);
  assert.deepEqual(startWarnings(info({ maxmemory_policy: 'noeviction', aof_enabled: '1' })), []);
  assert.deepEqual(startWarnings(''), []);
});
