// What REDIS_URL may say, and that a mistake in it gives away no password.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { kindOf, parseRedisUrl, type RedisAddress, shownAddress } from '../../src/stores/redis-url.ts';

const PLAIN: RedisAddress = {
  hosts: [{ host: 'localhost', port: 6379 }],
  path: null,
  masterName: null,
  username: '',
  password: '',
  sentinelUsername: '',
  sentinelPassword: '',
  database: 0,
  isTls: false,
  isTlsInsecure: false,
  family: 0,
};
const SENTINELS = [
  { host: 'a', port: 26379 },
  { host: '::1', port: 5 },
];

for (const [url, differs] of [
  ['redis://localhost', {}],
  ['REDIS://localhost:6379/', {}],
  ['redis:///3', { database: 3 }],
  ['redis://a:26379,[::1]:5', { hosts: SENTINELS }],
  ['valkey://localhost?db=2&max_connections=5', { database: 2 }],
  [
    'redis://user:p%40ss%2F@h:1/4',
    { username: 'user', password: 'p@ss/', hosts: [{ host: 'h', port: 1 }], database: 4 },
  ],
  ['redis://:a:b@localhost', { password: 'a:b' }],
  ['redis://localhost?password=p&family=6', { password: 'p', family: 6 }],
  ['rediss://[::1]:6380', { hosts: [{ host: '::1', port: 6380 }], isTls: true }],
  ['valkeys://localhost', { isTls: true }],
  ['rediss://localhost?ssl_cert_reqs=CERT_NONE', { isTls: true, isTlsInsecure: true }],
  ['rediss://localhost?ssl_cert_reqs=none', { isTls: true, isTlsInsecure: true }],
  ['rediss://localhost?ssl_cert_reqs=required', { isTls: true }],
  ['unix:///run/my%20redis.sock?db=1', { hosts: [], path: '/run/my redis.sock', database: 1 }],
  [
    'unix://user:pass@/run/redis.sock',
    { hosts: [], path: '/run/redis.sock', username: 'user', password: 'pass' },
  ],
  ['redis+sentinel://a,[::1]:5/mymaster', { hosts: SENTINELS, masterName: 'mymaster' }],
  [
    'rediss+sentinel://:p@a,[::1]:5/my%2Fmaster/2?sentinel_username=s&sentinel_password=q',
    {
      hosts: SENTINELS,
      masterName: 'my/master',
      database: 2,
      isTls: true,
      password: 'p',
      sentinelUsername: 's',
      sentinelPassword: 'q',
    },
  ],
] satisfies [string, Partial<RedisAddress>][])
  test(`${url} is taken`, () => assert.deepEqual(parseRedisUrl(url), { ...PLAIN, ...differs }));

for (const [url, problem] of [
  ['http://:secret@localhost', /^must be a redis:\/\/ URL/],
  ['redis://', /^must be a redis:\/\/ URL/],
  ['localhost:6379', /^must be a redis:\/\/ URL/],
  ['unix:/run/redis.sock', /^must be a redis:\/\/ URL/],
  ['redis://:secret@a/0/1', /more behind its database number/],
  ['redis://:secret@a/mymaster', /database number/],
  ['redis://:secret@a:70000', /name a host as/],
  ['redis://:secret%@a', /% that is not followed/],
  ['redis+sentinel://:secret@a:26379', /redis\+sentinel:\/\/host:26379,host2:26379\/mymaster/],
  ['redis+sentinel://:secret@a,,b/mymaster', /name a host as/],
] as const)
  test(`${url} is refused`, () =>
    assert.throws(
      () => parseRedisUrl(url),
      (error) =>
        error instanceof TypeError && problem.test(error.message) && !error.message.includes('secret'),
    ));

for (const [url, cluster, kind] of [
  ['redis://localhost', null, 'unknown'],
  ['redis://localhost', false, 'one'],
  ['redis://localhost', true, 'cluster'],
  ['redis://a,b', null, 'cluster'],
  ['unix:///run/redis.sock', null, 'one'],
  ['redis+sentinel://a/mymaster', null, 'sentinels'],
] as const)
  test(`${url} with REDIS_CLUSTER ${cluster} is ${kind}`, () =>
    assert.equal(kindOf(parseRedisUrl(url), cluster), kind));

test('several hosts are a cluster, and sentinels none', () => {
  assert.throws(() => kindOf(parseRedisUrl('redis://a,b'), false), /one host/);
  assert.throws(() => kindOf(parseRedisUrl('redis+sentinel://a/m'), true), /REDIS_CLUSTER/);
});

test('any login comes out as it was put in, and is never shown', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.string({ unit: 'binary', minLength: 9 }),
      (user, pass) => {
        const login = `${encodeURIComponent(user)}:${encodeURIComponent(pass)}`;
        for (const rest of ['h:1/0', 'h:1,i:2/mymaster/0']) {
          const scheme = rest.includes(',') ? 'redis+sentinel' : 'redis';
          const address = parseRedisUrl(`${scheme}://${login}@${rest}`);
          assert.deepEqual([address.username, address.password], [user, pass]);
          assert.ok(!shownAddress(address).includes(pass));
        }
      },
    ),
  );
});

test('any text is parsed or refused by a TypeError', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('', 'redis://', 'redis+sentinel://', 'unix://'),
      fc.string(),
      (start, rest) => {
        try {
          parseRedisUrl(start + rest);
        } catch (error) {
          assert.ok(error instanceof TypeError);
        }
      },
    ),
  );
});
