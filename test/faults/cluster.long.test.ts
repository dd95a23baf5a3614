// Failovers of each kind amid 2,000 updates: of the master on which the raw channel is heard, and of another one.
import { test } from 'node:test';
import { killMasterOf, tryCluster } from '../support/cluster-trial.ts';
import { chooseRounds, chooseSeed } from '../support/random.ts';

const seed = chooseSeed();
const rounds = chooseRounds();
for (let i = 0; i < rounds; i++) {
  test(`the master with the marker's key dies, ${i + 1} of ${rounds}`, (t) =>
    tryCluster(t, killMasterOf('autoshorts:marker'), { seed: seed + i, updates: 2000 }));
  test(`a master with runs dies, ${i + 1} of ${rounds}`, (t) =>
    tryCluster(t, killMasterOf('autoshorts:run:하나'), { seed: seed + i, updates: 2000 }));
}
