// Proxies that hold back what they can: the contract holds before them as well, by chunks and by `Content-Encoding: identity`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../../scripts/browsers.ts';
import { createPublisher } from '../../src/publish/publisher.ts';
import { startRedis } from '../support/redis.ts';
import { proxyContract } from './contract.ts';
import { nginx } from './recipes.ts';

const withoutTls = (block: string) => block.replace('listen 443 ssl http2', 'listen 443');
const buffering = (block: string) =>
  block.replace('proxy_buffering off;', 'proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;');

test('where proxies hold back what they can the contract holds', { concurrency: 2 }, async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const publisher = createPublisher({ redisUrl: redis.url });
  t.after(publisher.close);
  const browser = await launchChromium();
  t.after(() => browser.close());
  const inner = { ...nginx, hasTls: false, hasHttp2: false };
  const bed = { redisUrl: redis.url, publisher, browser };

  await Promise.all([
    t.test('nginx that buffers, and ignores X-Accel-Buffering, over plain HTTP', async (t) => {
      const edit = (block: string) => buffering(withoutTls(block));
      const { takesSlashes } = await proxyContract(t, inner, { block: 'nginx', edit, path: '' }, bed);
      assert.ok(takesSlashes);
    }),
    t.test('nginx before nginx, both with gzip for everything', async (t) => {
      const behind = { recipe: inner, edit: withoutTls };
      const { takesSlashes } = await proxyContract(t, nginx, { block: 'nginx', path: '', behind }, bed);
      assert.ok(takesSlashes);
    }),
  ]);
});
