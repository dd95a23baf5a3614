// What the doctor tells people to write into their proxies: lines that the guide has, whose blocks are tested.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CURES, cureOf, proxyOf } from '../../src/cli/doctor/cures.ts';

const guide = readFileSync('docs/proxies.md', 'utf8');
const guideLines = new Set(guide.split('\n').map((line) => line.trim()));

for (const [name, cures] of Object.entries(CURES))
  test(`each line for ${name} stands in the guide to proxies`, () => {
    for (const [fault, { lines = [], note }] of Object.entries(cures)) {
      assert.ok(lines.length > 0 || note, fault);
      for (const line of lines) assert.ok(guideLines.has(line.trim()), line);
    }
  });

test('a proxy is recognised by what it says of itself', () => {
  assert.equal(proxyOf({ server: 'nginx/1.22.1' }), 'nginx');
  assert.equal(proxyOf({ via: '1.1 host (Varnish/7.1)', server: 'nginx' }), 'Varnish');
  assert.equal(proxyOf({ 'cf-ray': '8a', server: 'x' }), 'Cloudflare');
  assert.equal(proxyOf({}), null);
  assert.match(cureOf('idle-cut', null), /nginx:\n {4}proxy_read_timeout 75s;\n {2}Caddy:\n {4}# /);
});
