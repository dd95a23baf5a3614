// What is said of Redis servers that can't be found.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import { createNodes } from '../../src/stores/nodes.ts';
import { freePort } from '../support/redis.ts';

test('a start without any sentinel to ask is told in the log', async (t) => {
  const lines = new EventEmitter();
  const nodes = createNodes({
    url: `redis+sentinel://127.0.0.1:${await freePort()}/mymaster`,
    tlsInsecure: false,
    name: 'test',
    answerTimeoutMs: 1000,
    log: { info: () => {}, warn: (fields, text) => lines.emit('warn', fields, text) },
  });
  t.after(() => nodes.close());
  // The timers of the service don't keep a process alive.
  const alive = setInterval(() => {}, 1000);
  t.after(() => clearInterval(alive));
  const [{ reason }, text] = await once(lines, 'warn');
  assert.match(text, /^no Redis is known yet/);
  assert.match(reason, /no sentinel names the master "mymaster".*ECONNREFUSED/);
});
