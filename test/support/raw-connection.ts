// A bare TCP connection to the service, for what no HTTP client would send.
import { connect } from 'node:net';
import { createObserved } from './observed.ts';

export interface RawConnection {
  send(bytes: string | Buffer): void;
  /** What has come so far, as Latin-1. */
  readonly received: string;
  until<T>(what: string, look: (received: string) => T | undefined | null | false): Promise<T>;
  /** Fulfilled when both sides have closed. */
  closed(): Promise<void>;
  /** Sends the end of what is sent, and goes on reading. */
  end(): void;
  /** Begins to take what is sent, after `paused`. */
  resume(): void;
  /** RST. */
  reset(): void;
}

/** `paused`: takes nothing of what it is sent. */
export async function openRaw(port: number, { paused = false } = {}): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let received = '';
  const observed = createObserved(() => JSON.stringify(received.slice(-1000)));
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    observed.changed();
  });
  if (paused) socket.pause();
  // A reset is what some tests are about.
  socket.on('error', () => {});
  socket.on('end', () => socket.end());
  let isClosed = false;
  socket.on('close', () => {
    isClosed = true;
    observed.changed();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return {
    send: (bytes) => {
      socket.write(bytes);
    },
    get received() {
      return received;
    },
    until: (what, look) => observed.until(what, () => look(received)),
    closed: async () => {
      await observed.until('the end of the connection', () => isClosed);
    },
    end: () => {
      socket.end();
    },
    resume: () => {
      socket.resume();
    },
    reset: () => {
      socket.resetAndDestroy();
    },
  };
}

/** Sends, and reads until the server closes. */
export async function exchange(port: number, bytes: string | Buffer): Promise<string> {
  const connection = await openRaw(port);
  connection.send(bytes);
  await connection.closed();
  return connection.received;
}
