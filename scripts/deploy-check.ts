// npm run deploy-check [-- heroku docker …]: does with the committed tree what platforms do, and tries what comes of it.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../test/support/redis.ts';
import { PLATFORMS } from './deploy-check/platforms.ts';
import { createSteps } from './deploy-check/steps.ts';
import { copyTree } from './deploy-check/tree.ts';
import { tryOut } from './deploy-check/trial.ts';

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !PLATFORMS.some((platform) => platform.name === name));
if (unknown.length > 0) {
  const names = PLATFORMS.map(({ name }) => name).join(' ');
  console.error(`usage: npm run deploy-check [-- ${names}]; not ${unknown.join(' ')}`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'run-progress-deploy-'));
// Others than its owner must reach what is in it.
chmodSync(folder, 0o755);
const redis = await startRedis();
const steps = createSteps(console.log);
try {
  for (const { name, build } of PLATFORMS.filter(
    ({ name }) => wanted.length === 0 || wanted.includes(name),
  )) {
    const place = join(folder, name);
    copyTree(place);
    const step = steps.of(name);
    const built = await build(place, step);
    // What could not be built can't be tried: the failure is in the table.
    if (built) await tryOut(built, redis, step);
  }
} finally {
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
}
console.log(steps.failed === 0 ? 'all of it works' : `${steps.failed} FAILED`);
if (steps.failed > 0) process.exit(1);
