// npm run soak -- --seconds 120 --seed 7: everything at once, with faults, for as long as you like.
import { parseArgs } from 'node:util';
import { soak } from '../test/soak/soak.ts';
import { chooseSeed } from '../test/support/random.ts';

const MOST_SHOWN = 20;

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '120' }, seed: { type: 'string' } },
});
const seed = values.seed === undefined ? chooseSeed() : Number(values.seed);
const seconds = Number(values.seconds);
if (!Number.isInteger(seed) || !(seconds > 0)) {
  console.error('usage: npm run soak -- [--seconds 120] [--seed a-whole-number]');
  process.exit(2);
}
console.log(`soak of ${seconds} s, --seed ${seed}`);
const { violations, summary } = await soak({ seed, seconds, print: console.log });
for (const line of summary) console.log(line);
if (violations.length > 0) {
  console.error(`FAILED, --seed ${seed}: ${violations.length} violations, of which the first are`);
  for (const violation of violations.slice(0, MOST_SHOWN)) console.error(`  ${violation}`);
  process.exit(1);
}
console.log(`passed, --seed ${seed}`);
