// A TCP connection whose owner decides how much of what it is sent it takes, and sends no faster than it is taken.
import { connect } from 'node:net';
import { createObserved } from './observed.ts';

export interface SlowConnection {
  /** Fulfilled when the system has taken it, or the connection has broken. */
  send(bytes: string | Buffer): Promise<void>;
  /** Takes about so many bytes of what has come, or of what comes next; fewer at the end. */
  take(bytes: number): Promise<void>;
  /** Takes all that comes, from now on. */
  takeAll(): void;
  /** How much has been taken. */
  readonly takenBytes: number;
  /** The newest of it, as UTF-8. */
  readonly newest: string;
  /** As with RawConnection, on `newest`. */
  until<T>(what: string, look: (newest: string) => T | undefined | null | false): Promise<T>;
  readonly isOpen: boolean;
  /** How the other side ended it: cleanly, or not. Seen only by who has taken all. */
  readonly ended: Promise<'end' | 'broken'>;
  /** Sends the end of what is sent. */
  end(): void;
  reset(): void;
}

const NEWEST_BYTES = 4096;

export async function openSlow(port: number): Promise<SlowConnection> {
  const socket = connect({ port, host: '127.0.0.1' });
  let takenBytes = 0;
  let newest = Buffer.alloc(0);
  let isOpen = true;
  let hasEnded = false;
  let wanted = 0;
  let wake = () => {};
  const observed = createObserved(() => JSON.stringify(newest.toString().slice(-1000)));
  socket.pause();
  socket.on('data', (chunk) => {
    takenBytes += chunk.length;
    newest = Buffer.concat([newest, chunk]).subarray(-NEWEST_BYTES);
    wanted -= chunk.length;
    if (wanted <= 0) {
      socket.pause();
      wake();
    }
    observed.changed();
  });
  // To be cut is what some tests are about.
  socket.on('error', () => {});
  socket.on('end', () => {
    hasEnded = true;
  });
  const ended = new Promise<'end' | 'broken'>((resolve) => {
    socket.on('close', () => {
      isOpen = false;
      wake();
      observed.changed();
      resolve(hasEnded ? 'end' : 'broken');
    });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return {
    send: (bytes) =>
      new Promise((resolve) => {
        socket.write(bytes, () => resolve());
      }),
    take: (bytes) =>
      new Promise((resolve) => {
        if (!isOpen) return resolve();
        wanted = bytes;
        wake = resolve;
        socket.resume();
      }),
    takeAll: () => {
      wanted = Number.POSITIVE_INFINITY;
      socket.resume();
    },
    get takenBytes() {
      return takenBytes;
    },
    get newest() {
      return newest.toString();
    },
    until: (what, look) => observed.until(what, () => look(newest.toString())),
    get isOpen() {
      // Told at once, as a loop of writes that fail leaves no turn for the event.
      return isOpen && !socket.destroyed;
    },
    ended,
    end: () => {
      socket.end();
    },
    reset: () => {
      socket.resetAndDestroy();
    },
  };
}
