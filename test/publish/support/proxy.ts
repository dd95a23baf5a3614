// A TCP proxy before Redis that loses answers: the command was executed, and nobody hears of it.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Proxy {
  url: string;
  /** How many answers were cut off. */
  readonly cuts: number;
  /** From now on every n-th call of the script loses its answer, and its connection; 0: none. */
  cutEvery(calls: number): void;
  /** Closes new connections at once, and ends those that are open; or takes them again. */
  setOpen(isOpen: boolean): void;
  /** Fulfilled when the next connection from a client has ended. */
  whenClientLeaves(): Promise<void>;
  close(): Promise<void>;
}

const CALL = /evalsha/i;

export async function startProxy(targetPort: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const leaving: (() => void)[] = [];
  let isOpen = true;
  let every = 0;
  let calls = 0;
  let cuts = 0;

  const server = createServer((client) => {
    if (!isOpen) return client.destroy();
    const redis = connect(targetPort, '127.0.0.1');
    let isCut = false;
    const end = () => {
      client.destroy();
      redis.destroy();
    };
    for (const socket of [client, redis]) {
      sockets.add(socket);
      // Either side may reset: then the other is ended, too.
      socket.on('error', end);
      socket.on('close', () => {
        end();
        sockets.delete(socket);
      });
    }
    client.on('close', () => {
      for (const resolve of leaving.splice(0)) resolve();
    });
    client.on('data', (bytes) => {
      if (CALL.test(bytes.toString('latin1')) && every > 0 && ++calls % every === 0) isCut = true;
      redis.write(bytes);
    });
    redis.on('data', (bytes) => {
      if (!isCut) return client.write(bytes);
      cuts++;
      end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');

  return {
    url: `redis://127.0.0.1:${address.port}/0`,
    get cuts() {
      return cuts;
    },
    cutEvery: (n) => {
      every = n;
    },
    setOpen: (open) => {
      isOpen = open;
      if (!open) for (const socket of sockets) socket.destroy();
    },
    whenClientLeaves: () =>
      new Promise((resolve) => {
        leaving.push(resolve);
      }),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
