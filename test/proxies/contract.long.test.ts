// The contract of contract.ts before each proxy of docs/proxies.md, at the root of a host and below a path. What differs
// makes the tables of the guide and of README: `npm run proxy-table` writes them, and every other run compares.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchChromium } from '../../scripts/browsers.ts';
import { createPublisher } from '../../src/publish/publisher.ts';
import { startRedis } from '../support/redis.ts';
import { type Observed, proxyContract, type Way } from './contract.ts';
import { versionOf } from './front.ts';
import { compareTables, type Row, writeTables } from './proxy-table.ts';
import { nginx, RECIPES } from './recipes.ts';

/** Each mostly waits for heartbeats. */
const AT_ONCE = 4;

test('before every proxy of the guide the contract holds', { concurrency: AT_ONCE }, async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const publisher = createPublisher({ redisUrl: redis.url });
  t.after(publisher.close);
  const browser = await launchChromium();
  t.after(() => browser.close());
  const bed = { redisUrl: redis.url, publisher, browser };

  const seen = new Map<string, Observed>();
  const hold = (name: string, recipe: (typeof RECIPES)[number], way: Way) =>
    t.test(name, async (t) => {
      seen.set(name, await proxyContract(t, recipe, way, bed));
    });
  await Promise.all([
    ...RECIPES.flatMap((recipe) => [
      hold(recipe.name, recipe, { block: recipe.name, path: '' }),
      hold(`${recipe.name} below a path`, recipe, {
        block: `${recipe.name} below a path`,
        path: '/progress',
      }),
    ]),
    hold('nginx with BASE_PATH', nginx, {
      block: 'nginx',
      edit: (block) => block.replace('location / {', 'location /progress/ {'),
      path: '/progress',
      basePath: '/progress',
    }),
  ]);

  await t.test('the tables of the guide and of README say what was seen', () => {
    const rows = RECIPES.map((recipe): Row => {
      const [root, below] = [seen.get(recipe.name), seen.get(`${recipe.name} below a path`)];
      assert.ok(root?.takesSlashes && below, `${recipe.name} has failed`);
      return { ...recipe, version: versionOf(recipe), root, below };
    });
    assert.ok(seen.get('nginx with BASE_PATH')?.takesSlashes);
    if (process.env.WRITE_PROXY_TABLE) writeTables(rows);
    const { made, written } = compareTables(rows);
    assert.deepEqual(written, made, 'npm run proxy-table writes them');
  });
});
