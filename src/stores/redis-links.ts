// Connections to Redis, for the metrics: whether each is up, and how often it came back.
import type { EventEmitter } from 'node:events';
import type { LinkState } from '../runs/store.ts';

/**
 * The states of these clients of ioredis, by the names given here; they change as the clients do. A client says 'ready'
 * whenever it can be used, and 'close' when it can't any more.
 */
export function watchLinks(clients: Readonly<Record<string, EventEmitter>>): ReadonlyMap<string, LinkState> {
  const states = new Map<string, LinkState>();
  for (const [name, client] of Object.entries(clients)) {
    const state = { isUp: false, reconnections: 0 };
    let wasUp = false;
    states.set(name, state);
    client.on('ready', () => {
      state.isUp = true;
      if (wasUp) state.reconnections++;
      wasUp = true;
    });
    client.on('close', () => {
      state.isUp = false;
    });
  }
  return states;
}
