// One open stream: reads one run or several, and writes to the socket directly.
import type { Socket } from 'node:net';
import type { Cursor } from '../runs/cursor.ts';
import type { RunEvent } from '../runs/event.ts';
import type { Reader, Run, Subscription } from '../runs/run.ts';
import type { Snapshot } from '../runs/snapshot.ts';
import type { Departure, Ending, Served } from './departure.ts';
import type { Format } from './format.ts';
import { chunkOf, LAST_CHUNK, type Piece } from './piece.ts';

/** A run, and where to start reading it. */
export interface Start {
  run: Run;
  cursor: Cursor;
}

export interface StreamOptions {
  format: Format;
  /** For HTTP/1.1: the body is sent in chunks, so that a client can tell its end from a broken connection. */
  isChunked: boolean;
  /** The stream ends when its run is done. */
  endsWithRun: boolean;
}

/** What all streams share. */
interface Home {
  readonly streams: Set<Stream>;
  readonly clockMs: number;
}

/**
 * A class, so that ten thousand streams share their methods. The events of a turn cost a stream one write of bytes that it
 * shares with others.
 */
export class Stream implements Reader, Served {
  /** When something was last written: ms, by the clock of all streams. */
  writtenAt = 0;
  readonly format: Format;
  readonly #socket: Socket;
  readonly #isChunked: boolean;
  readonly #endsWithRun: boolean;
  readonly #home: Home;
  #subscriptions: readonly Subscription[] = [];
  #isWatched = false;
  #events = 0;
  #ending: Ending = 'the client left';

  constructor(socket: Socket, options: StreamOptions, home: Home) {
    this.#socket = socket;
    this.format = options.format;
    this.#isChunked = options.isChunked;
    this.#endsWithRun = options.endsWithRun;
    this.#home = home;
    home.streams.add(this);
    socket.on('drain', () => {
      if (this.#isWatched) {
        socket.setTimeout(0, cut);
        socket.resume();
      }
      this.#isWatched = false;
      for (const subscription of this.#subscriptions) subscription.advance();
    });
  }

  /** Reads until `leave` is called. */
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

  /** Writes nothing once the stream has ended. */
  write({ chunk, plain }: Piece) {
    if (!this.#socket.writable) return;
    this.writtenAt = this.#home.clockMs;
    writeAll(this.#socket, this.#isChunked ? chunk : plain);
  }

  /**
   * The socket is full: closes it if the peer takes nothing for `ms`. A slow reader of a large snapshot is not closed, as
   * Node's timeout looks at the bytes that were taken.
   */
  watch(ms: number) {
    if (this.#isWatched) return;
    this.#isWatched = true;
    // Reading would reset the timeout. A client that sends and takes nothing must be cut as well.
    this.#socket.pause();
    this.#socket.setTimeout(ms, cut);
  }

  leave(): Departure {
    this.#home.streams.delete(this);
    for (const subscription of this.#subscriptions) subscription.cancel();
    return {
      events: this.#events,
      cursors: this.#subscriptions.map(({ cursor }) => cursor),
      ending: this.#isWatched ? 'it took nothing' : this.#ending,
    };
  }

  /** Ends the body, and closes when everything has been sent. */
  end() {
    if (!this.#socket.writable) return;
    this.#ending = 'the run is done';
    if (this.#isChunked) this.#socket.write(LAST_CHUNK);
    this.#socket.destroySoon();
  }

  /** Closes when everything has been sent. There is no last chunk, so that every client knows that more would follow. */
  breakOff(goodbye: string, ending: Ending) {
    if (!this.#socket.writable) return;
    this.#ending = ending;
    this.writeText(goodbye);
    this.#socket.destroySoon();
  }

  /** A part of the body, in one write with what must stand before it. */
  writeText(text: string, head = '') {
    this.writtenAt = this.#home.clockMs;
    this.#socket.write(head + (this.#isChunked ? chunkOf(text) : text));
  }

  expire() {
    this.breakOff(this.format.expired, 'its token expired');
  }
}

/** In one write. */
export function writeAll(socket: Socket, all: readonly Buffer[]) {
  const isOne = all.length === 1;
  if (!isOne) socket.cork();
  for (const bytes of all) socket.write(bytes);
  if (!isOne) socket.uncork();
}

/** One function for all, as `setTimeout(0, cut)` must remove the listener that `setTimeout(ms, cut)` added. */
function cut(this: Socket) {
  this.destroy();
}
