// A cluster: which node owns which slots, as its nodes say.
import type { Redis } from 'ioredis';
import { createViews, type View } from './cluster-views.ts';
import { inTime, type Lookup, type Place } from './lookup.ts';
import { reasonOf } from './redis-client.ts';
import type { Host } from './redis-url.ts';

export interface ClusterOptions {
  /** Some of its nodes, to begin with and when all that are known are gone. */
  hosts: readonly Host[];
  connect(at: Host): Redis;
  /** There may be news: a node has been reached. */
  onNews(): void;
}

/** Each second look would else cost a big cluster much. */
const MOST_ASKED = 3;

/** From, to, and the nodes that have these slots, the master first: its endpoint, its port and its id. */
type SlotRange = [number, number, ...[string | null, number, string, ...unknown[]][]];

export function createCluster({ hosts, connect, onNews }: ClusterOptions): Lookup {
  let scouts: readonly Redis[] = [];
  let reason = 'none has answered yet';
  let turn = 0;
  const views = createViews();

  function sendScouts() {
    if (scouts.length > 0) return;
    scouts = hosts.map((at) => {
      const scout = connect(at);
      scout.on('ready', onNews);
      scout.on('error', (error) => {
        reason = reasonOf(error);
      });
      return scout;
    });
  }

  function recallScouts() {
    for (const scout of scouts) scout.disconnect();
    scouts = [];
  }

  async function ask(node: Redis): Promise<View | null> {
    try {
      const [info, ranges] = await Promise.all([node.cluster('INFO'), node.cluster('SLOTS')]);
      const epoch = Number(/cluster_current_epoch:(\d+)/.exec(String(info))?.[1] ?? 0);
      const places = placesOf(ranges as SlotRange[], node.options.host ?? '');
      if (places.length > 0) return { epoch, places };
      // A node that was reset, or has just joined: by its word nobody could record anything, or be asked again.
      reason = 'a node says that no node has slots';
      return null;
    } catch (error) {
      reason = reasonOf(error);
      return null;
    }
  }

  return {
    lookUp: async (known) => {
      const ready = known.filter(({ status }) => status === 'ready');
      if (ready.length === 0) sendScouts();
      else recallScouts();
      turn++;
      const asked = [...ready.slice(turn % ready.length), ...ready.slice(0, turn % ready.length)];
      const all = [...asked.slice(0, MOST_ASKED), ...scouts.filter(({ status }) => status === 'ready')];
      const answers = await Promise.all(all.map((node) => inTime(ask(node))));
      const said = answers.filter((answer) => answer !== null);
      const newest = said.length > 0 && views.newestOf(said);
      if (newest) return newest.places;
      throw new Error(`no node of the cluster says which of them has which runs: ${reason}`);
    },
    close: recallScouts,
  };
}

/** A node that doesn't know its own endpoint leaves it out: it is where it was asked. */
function placesOf(ranges: readonly SlotRange[], asked: string): Place[] {
  const places = new Map<string, { at: Host; id: string; slots: [number, number][] }>();
  for (const [from, to, master] of ranges) {
    if (!master) continue;
    const [endpoint, port, id] = master;
    const host = endpoint && endpoint !== '?' ? endpoint : asked;
    const place = places.get(id) ?? { at: { host, port }, id, slots: [] };
    place.slots.push([from, to]);
    places.set(id, place);
  }
  return [...places.values()];
}
