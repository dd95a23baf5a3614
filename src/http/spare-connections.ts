// Connections without a reader: they have asked nothing yet, wait for an answer, or are idle between requests. Anybody can
// open them and leave them so. Their number is limited; beyond it the one that has been silent for longest is cut. So silent
// connections never keep out a client that asks something.
import type { Socket } from 'node:net';

/** Why a connection was cut that no reader had. */
export const CUTS = ['silent', 'slow', 'crowded', 'pipelined', 'stalled'] as const;
export type Cut = (typeof CUTS)[number];
export type CutCounts = Map<Cut, number>;

export function createCutCounts(): CutCounts {
  return new Map(CUTS.map((cut) => [cut, 0]));
}

export interface SpareConnections {
  /** It has been opened. */
  add(socket: Socket): void;
  /** It has asked something whole. */
  hasAsked(socket: Socket): void;
  /** A reader has it: it is seen to elsewhere. */
  remove(socket: Socket): void;
  /** At a shutdown nobody waits for a client that has said nothing: browsers open connections before they need them. */
  closeSilent(): void;
  count(): number;
  close(): void;
}

export interface SpareConnectionsOptions {
  max: number;
  /** How long a client may take for its first request. */
  patienceMs: number;
  /** It has sent a part of a request in that time: tells it, and closes. */
  onSlow(socket: Socket): void;
  /** One was cut, as there were too many: so many times since the start. */
  onCrowded(times: number): void;
  cuts: CutCounts;
}

const LOOKS_PER_PATIENCE = 6;

export function createSpareConnections(options: SpareConnectionsOptions): SpareConnections {
  const { max, patienceMs, onSlow, onCrowded, cuts } = options;
  /** When each was opened or asked last: ms, monotonic. The one that did so longest ago is the first. */
  const since = new Map<Socket, number>();
  const unasked = new Set<Socket>();
  const looks = setInterval(look, patienceMs / LOOKS_PER_PATIENCE).unref();

  function look() {
    const longAgo = performance.now() - patienceMs;
    for (const socket of unasked) {
      if ((since.get(socket) ?? 0) > longAgo) return;
      unasked.delete(socket);
      if (socket.bytesRead === 0) cut(socket, 'silent');
      else {
        countCut(cuts, 'slow');
        onSlow(socket);
      }
    }
  }

  function cut(socket: Socket, why: Cut) {
    countCut(cuts, why);
    remove(socket);
    socket.destroy();
  }

  /** One for all, as there are ten thousand. */
  function onClose(this: Socket) {
    remove(this);
  }

  function remove(socket: Socket) {
    since.delete(socket);
    unasked.delete(socket);
    socket.off('close', onClose);
  }

  return {
    add: (socket) => {
      since.set(socket, performance.now());
      unasked.add(socket);
      socket.on('close', onClose);
      const [oldest] = since.keys();
      if (since.size <= max || !oldest) return;
      cut(oldest, 'crowded');
      onCrowded(cuts.get('crowded') ?? 0);
    },
    hasAsked: (socket) => {
      unasked.delete(socket);
      if (since.delete(socket)) since.set(socket, performance.now());
    },
    remove,
    closeSilent: () => {
      for (const socket of unasked) if (socket.bytesRead === 0) socket.destroy();
    },
    count: () => since.size,
    close: () => clearInterval(looks),
  };
}

export function countCut(cuts: CutCounts, why: Cut) {
  cuts.set(why, (cuts.get(why) ?? 0) + 1);
}
