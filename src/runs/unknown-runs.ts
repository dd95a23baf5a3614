// Open runs that nobody has published to: made-up names cost their inventor nothing, so they get a share of the room, and
// each client a share of that. Counts only.

export interface UnknownRuns {
  add(runId: string, client: string): void;
  /** It has events now, or has been closed. */
  remove(runId: string): void;
  /** There is no room for another one of this client. */
  isFullFor(client: string): boolean;
}

/** Of the runs that may be open: what the unknown ones may take, and those of one client. */
const SHARE = 1 / 2;
const SHARE_OF_CLIENT = 1 / 10;

/** So many runs are open already. */
export class TooManyRuns extends Error {}

export function createUnknownRuns(maxOpenRuns: number): UnknownRuns {
  const most = Math.ceil(maxOpenRuns * SHARE);
  const mostOfClient = Math.ceil(maxOpenRuns * SHARE_OF_CLIENT);
  const clients = new Map<string, string>();
  const ofClient = new Map<string, number>();

  function remove(runId: string) {
    const client = clients.get(runId);
    if (client === undefined) return;
    clients.delete(runId);
    const left = (ofClient.get(client) ?? 1) - 1;
    if (left === 0) ofClient.delete(client);
    else ofClient.set(client, left);
  }

  return {
    add: (runId, client) => {
      remove(runId);
      clients.set(runId, client);
      ofClient.set(client, (ofClient.get(client) ?? 0) + 1);
    },
    remove,
    isFullFor: (client) => clients.size >= most || (ofClient.get(client) ?? 0) >= mostOfClient,
  };
}
