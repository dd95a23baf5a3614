// What every store must do (runs/store.ts), run by each implementation's own test file.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { HistoryOptions } from '../../src/runs/settings.ts';
import type { Store } from '../../src/runs/store.ts';
import { createContractSubject } from './contract-subject.ts';
import { countingContract } from './counting-contract.ts';
import { foldingContract } from './folding-contract.ts';
import { followingContract } from './following-contract.ts';
import { historyContract } from './history-contract.ts';
import { keysContract } from './keys-contract.ts';
import { namesContract } from './names-contract.ts';
import { recordRuleProperty } from './record-rule-property.ts';

export const CONTRACT_OPTIONS: HistoryOptions = {
  historyLimit: 10,
  runTtlMs: 60_000,
  finishedTtlMs: 30_000,
  terminalStates: ['END', 'FAILED', '완료'],
};

/**
 * `makeStore` is called once; the store is ready when its promise is fulfilled. `names`: 'any' of a store that updates come
 * to from several sources, perhaps again.
 */
export function storeContract(
  name: string,
  makeStore: (options: HistoryOptions) => Promise<Store>,
  names: 'any' | 'one source',
) {
  describe(`the store contract, kept by the store ${name}`, () => {
    let store: Store;
    before(async () => {
      store = await makeStore(CONTRACT_OPTIONS);
    });
    after(() => store.close());

    const subject = createContractSubject(() => store);
    if (names === 'any') namesContract(subject);
    keysContract(subject);
    foldingContract(subject);
    countingContract(subject);
    historyContract(subject);
    followingContract(subject);
    recordRuleProperty(subject, CONTRACT_OPTIONS, names);

    test('it is ready', async () => {
      assert.deepEqual(await store.status(), { ready: true });
    });
  });
}
