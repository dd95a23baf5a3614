// Sentinels replace the master: the service, its readers and both kinds of publishers go over to the new one.
import { test } from 'node:test';
import { chooseSeed } from '../support/random.ts';
import { killMaster, trySentinels } from '../support/sentinels-trial.ts';

test('a master that dies amid updates: nothing doubled, and nothing lost without a gap', (t) =>
  trySentinels(t, killMaster, { seed: chooseSeed(), updates: 1000 }));
