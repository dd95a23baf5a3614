// Long polling: one answer with the messages after the reader's cursors, as soon as there are any; or the answer that none
// came in time.
import type { Socket } from 'node:net';
import type { Reader, Run, Subscription } from '../runs/run.ts';
import type { Departure, Ending, Served } from './departure.ts';
import type { Format } from './format.ts';
import { LAST_CHUNK, type Piece } from './piece.ts';
import { type Start, writeAll } from './stream.ts';

export interface LongPollOptions {
  format: Format;
  isChunked: boolean;
  waitMs: number;
  /** A client that takes none of its answer for this long is cut. */
  stallMs: number;
  /** Of an answer with a body. */
  head: string;
  /** Whole answers: that nothing came in time, and that the service shuts down. */
  nothing: string;
  closing: string;
}

export class LongPoll implements Served {
  readonly #socket: Socket;
  readonly #options: LongPollOptions;
  readonly #all: Set<LongPoll>;
  readonly #timer: NodeJS.Timeout;
  /** Runs that found the socket full: they may have more to send. */
  readonly #unfinished = new Set<Run>();
  #subscriptions: readonly Subscription[] = [];
  #hasBegun = false;
  #isAdvancing = false;
  #events = 0;
  #ending: Ending = 'the client left';

  /** `all` are those that wait. */
  constructor(socket: Socket, options: LongPollOptions, all: Set<LongPoll>) {
    this.#socket = socket;
    this.#options = options;
    this.#all = all;
    all.add(this);
    this.#timer = setTimeout(() => this.#answerWhole(options.nothing, 'nothing came'), options.waitMs);
    socket.on('drain', () => {
      socket.resume();
      this.#advance(() => {
        for (const subscription of this.#subscriptions) subscription.advance();
      });
    });
  }

  read(starts: readonly Start[]) {
    this.#advance(() => {
      this.#subscriptions = starts.map(({ run, cursor }) => run.subscribe(this.#readerOf(run), cursor));
    });
  }

  /** Says that the service shuts down, if nothing has been said yet. */
  refuse() {
    this.#answerWhole(this.#options.closing, 'the service shuts down');
  }

  /** The token has expired: the client gets nothing more, and learns why when it comes back. */
  expire() {
    this.#answerWhole(this.#options.nothing, 'its token expired');
  }

  leave(): Departure {
    this.#all.delete(this);
    clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.cancel();
    return {
      events: this.#events,
      cursors: this.#subscriptions.map(({ cursor }) => cursor),
      ending: this.#ending,
    };
  }

  /** The answer is whole only when each of the runs has been asked. */
  #advance(askEach: () => void) {
    this.#socket.cork();
    this.#unfinished.clear();
    this.#isAdvancing = true;
    askEach();
    this.#isAdvancing = false;
    this.#endIfWhole();
    this.#socket.uncork();
  }

  #readerOf(run: Run): Reader {
    const { format } = this.#options;
    return {
      isWritable: () => {
        const isWritable = this.#socket.writable && !this.#socket.writableNeedDrain;
        if (!isWritable) this.#unfinished.add(run);
        return isWritable;
      },
      snapshot: (snapshot) => this.#write(run, format.snapshot(snapshot), snapshot.id),
      events: (events) => {
        this.#events += events.length;
        this.#write(run, format.events(events), events.at(-1)?.id ?? 0);
      },
    };
  }

  #write(run: Run, { chunk, plain }: Piece, id: number) {
    if (!this.#hasBegun) this.#begin();
    writeAll(this.#socket, this.#options.isChunked ? chunk : plain);
    // Reading would reset the timeout: a client that sends, and takes nothing, must be cut as well.
    if (this.#socket.writableNeedDrain) this.#socket.pause();
    if (id === run.history.lastId) this.#endIfWhole();
  }

  #begin() {
    clearTimeout(this.#timer);
    this.#hasBegun = true;
    this.#socket.setTimeout(this.#options.stallMs, () => {
      this.#ending = 'it took nothing';
      this.#socket.destroy();
    });
    this.#socket.write(this.#options.head);
  }

  #endIfWhole() {
    if (!this.#hasBegun || this.#isAdvancing || this.#unfinished.size > 0 || !this.#socket.writable) return;
    this.#ending = 'answered';
    if (this.#options.isChunked) this.#socket.write(LAST_CHUNK);
    this.#socket.destroySoon();
  }

  #answerWhole(answer: string, ending: Ending) {
    clearTimeout(this.#timer);
    if (this.#hasBegun || !this.#socket.writable) return;
    this.#ending = ending;
    this.#socket.write(answer);
    this.#socket.destroySoon();
  }
}
