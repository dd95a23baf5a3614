// Room for the bodies of requests. Each is small, but ten thousand that never end would fill the memory. So all together are
// limited; beyond that the one that has been read for longest is given up. Complete ones stay.

export interface BodyRoom {
  /** A body begins. `onCrowded` is called, at most once and only before the body is complete, when its room is taken away. */
  enter(onCrowded: () => void): BodyPlace;
}

export interface BodyPlace {
  /** This many more bytes have come. */
  grow(bytes: number): void;
  /** All of it has come. It takes its room until `leave`. */
  hasEnded(): void;
  /** May be called again. */
  leave(): void;
}

export const MAX_BODIES_BYTES = 64 * 1024 * 1024;

interface Taken {
  bytes: number;
  onCrowded(): void;
}

export function createBodyRoom(maxBytes = MAX_BODIES_BYTES): BodyRoom {
  /** The one that began first is the first. */
  const unended = new Set<Taken>();
  let takenBytes = 0;

  function makeRoom() {
    for (const oldest of unended) {
      if (takenBytes <= maxBytes) return;
      leave(oldest);
      oldest.onCrowded();
    }
  }

  function leave(taken: Taken) {
    unended.delete(taken);
    takenBytes -= taken.bytes;
    taken.bytes = 0;
  }

  return {
    enter: (onCrowded) => {
      const taken: Taken = { bytes: 0, onCrowded };
      unended.add(taken);
      return {
        grow: (bytes) => {
          taken.bytes += bytes;
          takenBytes += bytes;
          makeRoom();
        },
        hasEnded: () => unended.delete(taken),
        leave: () => leave(taken),
      };
    },
  };
}
