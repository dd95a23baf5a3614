// Room for the bodies of requests. Each is small, but whoever sends ten thousand and never ends them would fill the memory:
// in all they take so much, and beyond it the one goes that has been read for longest. Those that are whole stay.

export interface BodyRoom {
  /** A body begins. `onCrowded` is called at most once, and before it is whole: there is no room for it any more. */
  enter(onCrowded: () => void): BodyPlace;
}

export interface BodyPlace {
  /** So many bytes more have come. */
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
