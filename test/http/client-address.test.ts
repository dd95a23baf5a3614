import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientAddress } from '../../src/http/client-address.ts';

const cases: [string, string | undefined, string | undefined, number, string][] = [
  ['without proxies the socket says it', '192.0.2.1', undefined, 0, '192.0.2.1'],
  ['without trusted proxies a header is not believed', '192.0.2.1', '203.0.113.9', 0, '192.0.2.1'],
  ['one proxy is believed what it has added last', '127.0.0.1', 'spoofed, 203.0.113.9', 1, '203.0.113.9'],
  ['two proxies: the second from the right', '127.0.0.1', 'spoofed, 203.0.113.9, 10.0.0.1', 2, '203.0.113.9'],
  ['fewer hops than trusted: the first', '127.0.0.1', '203.0.113.9', 3, '203.0.113.9'],
  ['a request that came past the proxy', '192.0.2.1', undefined, 1, '192.0.2.1'],
  ['IPv4 with a port', '127.0.0.1', '203.0.113.9:4711', 1, '203.0.113.9'],
  ['IPv4 written as IPv6', '::ffff:192.0.2.1', undefined, 0, '192.0.2.1'],
  ['IPv6 counts by its network', '2001:db8:1:2:3:4:5:6', undefined, 0, '2001:db8:1:2::/64'],
  ['IPv6, shortened', '2001:DB8::1', undefined, 0, '2001:db8:0:0::/64'],
  ['IPv6 with a port', '127.0.0.1', '[2001:db8::1]:443', 1, '2001:db8:0:0::/64'],
  ['loopback', '::1', undefined, 0, '0:0:0:0::/64'],
  ['a zone', 'fe80::1%eth0', undefined, 0, 'fe80:0:0:0::/64'],
  ['nothing known', undefined, undefined, 0, ''],
];

for (const [name, remote, forwarded, proxies, expected] of cases)
  test(`client address: ${name}`, () => assert.equal(clientAddress(remote, forwarded, proxies), expected));
