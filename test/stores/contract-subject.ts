// The store that is held to the contract, and what the contract's tests do with it all the time.
import type { Name } from '../../src/runs/recording.ts';
import type { Store } from '../../src/runs/store.ts';
import type { Update } from '../../src/runs/update.ts';
import type { StoredEvent } from '../support/history-list.ts';

export interface ContractSubject {
  /** It is made when the tests begin, not when they are defined. */
  store(): Store;
  /** Records one after another, under names of its own where none is given; the outcomes' statuses. */
  record(runId: string, updates: readonly (Update | [Update, Name])[]): Promise<string[]>;
  read(runId: string): Promise<StoredEvent[]>;
}

export function createContractSubject(store: () => Store): ContractSubject {
  return {
    store,
    record: async (runId, updates) => {
      const outcomes: string[] = [];
      for (const entry of updates) {
        const [update, name] = Array.isArray(entry) ? entry : [entry, freshName()];
        const [outcome] = await store().record([{ runId, update, name }]);
        outcomes.push(outcome?.status ?? 'none');
      }
      return outcomes;
    },
    read: async (runId) => (await store().read(runId)).map((entry) => JSON.parse(entry)),
  };
}

let names = 0;
/** A source of its own for every update. */
export function freshName(): Name {
  return { source: `fresh${++names}`, n: 1 };
}

/** The source of an epoch beyond any that a real marker has brought. */
export function farEpoch(n: number): string {
  return String(8_000_000_000_000_000 + n);
}
