// One open stream: bytes straight to the socket, and a reader of one run or of several.
import type { Socket } from 'node:net';
import type { Cursor } from '../runs/cursor.ts';
import type { RunEvent } from '../runs/event.ts';
import type { Reader, Run, Subscription } from '../runs/run.ts';
import type { Snapshot } from '../runs/snapshot.ts';
import type { Departure, Ending } from './departure.ts';
import type { Format } from './format.ts';
import { chunkOf, LAST_CHUNK, type Piece } from './piece.ts';

/** What is read, and from where on. */
export interface Start {
  run: Run;
  cursor: Cursor;
}

export interface StreamOptions {
  format: Format;
  /** HTTP/1.1: a body in chunks, so that its end can be told from a broken connection. */
  isChunked: boolean;
  /** It ends with its run. */
  endsWithRun: boolean;
}

/**
 * A class, as there are ten thousand of them: what would be closures of each is shared by all. However many events it
 * gets, they cost one write of shared bytes.
 */
export class Stream implements Reader {
  /** When something was last written: ms, by the clock of `OpenStreams`. */
  writtenAt = 0;
  readonly format: Format;
  readonly #socket: Socket;
  readonly #isChunked: boolean;
  readonly #endsWithRun: boolean;
  readonly #now: () => number;
  #subscriptions: readonly Subscription[] = [];
  #isWatched = false;
  #events = 0;
  #ending: Ending = 'the client left';

  /** `now` is a clock in ms that costs nothing to ask. */
  constructor(socket: Socket, { format, isChunked, endsWithRun }: StreamOptions, now: () => number) {
    this.#socket = socket;
    this.format = format;
    this.#isChunked = isChunked;
    this.#endsWithRun = endsWithRun;
    this.#now = now;
    this.writtenAt = now();
    socket.on('drain', () => {
      if (this.#isWatched) {
        socket.setTimeout(0, cut);
        socket.resume();
      }
      this.#isWatched = false;
      for (const subscription of this.#subscriptions) subscription.advance();
    });
  }

  /** Sends the response's head, and the first bytes of the body with it. */
  begin(head: string, hello: string) {
    this.#writeText(hello, head);
  }

  /** Reads until the stream closes. */
  read(starts: readonly Start[]) {
    this.#subscriptions = starts.map(({ run, cursor }) => run.subscribe(this, cursor));
  }

  isWritable(): boolean {
    return this.#socket.writable && !this.#socket.writableNeedDrain;
  }

  snapshot(snapshot: Snapshot) {
    this.write(this.format.snapshot(snapshot));
  }

  events(events: readonly RunEvent[]) {
    this.#events += events.length;
    this.write(this.format.events(events));
  }

  finished() {
    if (this.#endsWithRun) this.end();
  }

  /** Nothing, once the stream has ended. */
  write({ chunk, plain }: Piece) {
    if (!this.#socket.writable) return;
    this.writtenAt = this.#now();
    writeAll(this.#socket, this.#isChunked ? chunk : plain);
  }

  /**
   * Of a full socket: closes it if the peer takes nothing for `ms`. Node looks at what was taken, so a slow reader of a large
   * snapshot is not a dead one.
   */
  watch(ms: number) {
    if (this.#isWatched) return;
    this.#isWatched = true;
    // Reading would reset the timeout: a client that sends, and takes nothing, must be cut as well.
    this.#socket.pause();
    this.#socket.setTimeout(ms, cut);
  }

  departure(): Departure {
    return {
      events: this.#events,
      cursors: this.#subscriptions.map(({ cursor }) => cursor),
      ending: this.#isWatched ? 'it took nothing' : this.#ending,
    };
  }

  /** The body is whole: sends what was written, then closes. */
  end() {
    if (!this.#socket.writable) return;
    this.#ending = 'the run is done';
    if (this.#isChunked) this.#socket.write(LAST_CHUNK);
    this.#socket.destroySoon();
  }

  /** Sends what was written, then closes. Without the last chunk every client knows that there is more. */
  breakOff(goodbye: string, ending: Ending) {
    if (!this.#socket.writable) return;
    this.#ending = ending;
    this.#writeText(goodbye);
    this.#socket.destroySoon();
  }

  /** In one write. */
  #writeText(text: string, head = '') {
    this.writtenAt = this.#now();
    this.#socket.write(head + (this.#isChunked ? chunkOf(text) : text));
  }

  expire() {
    this.breakOff(this.format.expired, 'its token expired');
  }

  /** Stops reading. */
  cancel() {
    for (const subscription of this.#subscriptions) subscription.cancel();
  }
}

/** In one write. */
export function writeAll(socket: Socket, all: readonly Buffer[]) {
  const isOne = all.length === 1;
  if (!isOne) socket.cork();
  for (const bytes of all) socket.write(bytes);
  if (!isOne) socket.uncork();
}

/** The same one for every stall: `setTimeout` adds it as a listener, and takes it away again at 0. */
function cut(this: Socket) {
  this.destroy();
}
