// What the metrics say of connections to Redis that come and go.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { createLinkStates } from '../../src/stores/redis-links.ts';

function watch(links: ReturnType<typeof createLinkStates>, name: string, mayGo: boolean) {
  const client = new EventEmitter();
  const end = links.watch(name, client, mayGo);
  client.emit('ready');
  return { client, end };
}

test('a node that has gone is forgotten, and the only Redis is down', () => {
  const links = createLinkStates();
  const one = watch(links, 'commands', false);
  const node = watch(links, 'commands 127.0.0.1:7001', true);
  one.end();
  node.end();
  assert.deepEqual(
    [...links.all].map(([name, { isUp }]) => [name, isUp]),
    [['commands', false]],
  );
});

test('a node that takes the address of another keeps its state when the other goes', () => {
  const links = createLinkStates();
  const old = watch(links, 'commands 127.0.0.1:7001', true);
  watch(links, 'commands 127.0.0.1:7001', true);
  old.client.emit('close');
  old.end();
  assert.equal(links.all.get('commands 127.0.0.1:7001')?.isUp, true);
});
