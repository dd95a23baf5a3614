// Failovers of each kind amid 2,000 updates.
import { test } from 'node:test';
import { chooseRounds, chooseSeed } from '../support/random.ts';
import { killMaster, replaceMaster, trySentinels } from '../support/sentinels-trial.ts';

const seed = chooseSeed();
const rounds = chooseRounds();
for (let i = 0; i < rounds; i++) {
  test(`a master that dies, ${i + 1} of ${rounds}`, (t) =>
    trySentinels(t, killMaster, { seed: seed + i, updates: 2000 }));
  test(`a master that is replaced and lives on, ${i + 1} of ${rounds}`, (t) =>
    trySentinels(t, replaceMaster, { seed: seed + i, updates: 2000 }));
}
