// One open event stream: bytes straight to the socket, and a reader of one run or of several.
import type { Socket } from 'node:net';
import type { RunEvent } from '../runs/event.ts';
import type { Reader, Subscription } from '../runs/run.ts';
import type { SnapshotText } from '../runs/snapshot.ts';
import type { SseFrames } from './sse-frames.ts';

/**
 * A class, as there are ten thousand of them: what would be closures of each is shared by all.
 *
 * The body has no length and no chunks, so that an event costs one write of shared bytes; a connection therefore
 * carries one stream, and its end is the body's (RFC 9112, 6.3).
 */
export class SseStream implements Reader {
  /** When something was last written, by the clock of `SseStreams`. */
  writtenAt = 0;
  readonly #socket: Socket;
  readonly #frames: SseFrames;
  #subscriptions: readonly Subscription[] = [];
  readonly #now: () => number;
  #isWatched = false;

  /** The response's head is the first thing to be written; `now` is a clock in ms that costs nothing to ask. */
  constructor(socket: Socket, frames: SseFrames, now: () => number) {
    this.#socket = socket;
    this.#frames = frames;
    this.#now = now;
    this.writtenAt = now();
    socket.on('drain', () => {
      if (this.#isWatched) socket.setTimeout(0, cut);
      this.#isWatched = false;
      for (const subscription of this.#subscriptions) subscription.advance();
    });
  }

  /** Reads what they bring, until the stream closes. */
  read(subscriptions: readonly Subscription[]) {
    this.#subscriptions = subscriptions;
  }

  isWritable(): boolean {
    return this.#socket.writable && !this.#socket.writableNeedDrain;
  }

  snapshot(snapshot: SnapshotText) {
    this.write(this.#frames.snapshot(snapshot));
  }

  events(events: readonly RunEvent[]) {
    this.write(this.#frames.events(events));
  }

  finished() {
    if (this.#frames.withIds) this.end();
  }

  /** Nothing, once the stream has ended. */
  write(bytes: Buffer | string) {
    if (!this.#socket.writable) return;
    this.writtenAt = this.#now();
    this.#socket.write(bytes);
  }

  /**
   * Of a full socket: closes it if the peer takes nothing for `ms`. Node looks at what was taken, so a slow reader of a large
   * snapshot is not a dead one.
   */
  watch(ms: number) {
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.#socket.setTimeout(ms, cut);
  }

  /** Sends what was written, then closes. */
  end() {
    this.#socket.destroySoon();
  }

  /** Stops reading. */
  cancel() {
    for (const subscription of this.#subscriptions) subscription.cancel();
  }
}

/** The same one for every stall: `setTimeout` adds it as a listener, and takes it away again at 0. */
function cut(this: Socket) {
  this.destroy();
}
