// Connections to Redis, for the metrics: whether each is up, and how often it came back.
import type { EventEmitter } from 'node:events';
import type { LinkState } from '../runs/store.ts';

export interface LinkStates {
  /** By the names given to `watch`. */
  readonly all: ReadonlyMap<string, LinkState>;
  /**
   * A client of ioredis takes the place of the one that had this name. It says 'ready' whenever it can be used, and
   * 'close' when it can't any more. What is returned ends the watch: then the connection is down, or with `mayGo` it is
   * forgotten, as no other may ever have its name.
   */
  watch(name: string, client: EventEmitter, mayGo?: boolean): () => void;
}

export function createLinkStates(): LinkStates {
  const states = new Map<string, LinkState & { wasUp: boolean; client: EventEmitter }>();

  return {
    all: states,
    watch: (name, client, mayGo = false) => {
      const state = states.get(name) ?? { isUp: false, reconnections: 0, wasUp: false, client };
      state.client = client;
      state.isUp = false;
      states.set(name, state);
      const rise = () => {
        state.isUp = true;
        if (state.wasUp) state.reconnections++;
        state.wasUp = true;
      };
      const fall = () => {
        if (state.client === client) state.isUp = false;
      };
      client.on('ready', rise).on('close', fall);
      return () => {
        client.off('ready', rise).off('close', fall);
        fall();
        if (mayGo && state.client === client) states.delete(name);
      };
    },
  };
}
