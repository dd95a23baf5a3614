// A TCP proxy before Redis, whose connections can be made to hang, to lead elsewhere, to lose answers, or to be refused.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createCommandMeter } from './command-meter.ts';

export interface TcpProxy {
  readonly port: number;
  readonly url: string;
  /**
   * The connections over which the client has sent this pass nothing any more, in either direction, and stay open: what
   * a router does that forgets them. Returns how many there are.
   */
  freeze(sent: string): number;
  /** Cuts every connection; new ones lead there. */
  switchTo(port: number): void;
  /**
   * From now on every n-th call of the record script loses its answer, and its connection: the call was executed, and
   * nobody hears of it. 0: none.
   */
  cutEvery(calls: number): void;
  /** How many answers were cut off. */
  readonly cuts: number;
  /** From now on a connection that sends a command of more bytes is cut, as some plans do. */
  refuseCommandsOver(bytes: number): void;
  /** How many connections were cut for that. */
  readonly refusals: number;
  /** From now on so many bytes a second pass from a client to Redis. */
  slowTo(bytesPerSecond: number): void;
  /** False: cuts every connection, and closes new ones at once. */
  setOpen(isOpen: boolean): void;
  /** Fulfilled when the next connection from a client has ended. */
  whenClientLeaves(): Promise<void>;
  close(): Promise<void>;
}

interface Link {
  client: Socket;
  redis: Socket;
  sent: string;
  losesAnswer: boolean;
}

const CALL = /evalsha/i;

export async function startTcpProxy(firstPort: number): Promise<TcpProxy> {
  const links = new Set<Link>();
  const leaving: (() => void)[] = [];
  let target = firstPort;
  let isOpen = true;
  let every = 0;
  let calls = 0;
  let cuts = 0;
  let mostBytes = Number.POSITIVE_INFINITY;
  let refusals = 0;
  let bytesPerSecond = Number.POSITIVE_INFINITY;

  const server = createServer((client) => {
    if (!isOpen) return client.destroy();
    const link: Link = { client, redis: connect(target, '127.0.0.1'), sent: '', losesAnswer: false };
    links.add(link);
    const end = () => {
      links.delete(link);
      client.destroy();
      link.redis.destroy();
    };
    // Either side may reset: then the other is ended, too.
    for (const socket of [client, link.redis]) socket.on('error', end).on('close', end);
    client.on('close', () => {
      for (const resolve of leaving.splice(0)) resolve();
    });
    const meter = createCommandMeter();
    client.on('data', (bytes: Buffer) => {
      if (meter.measure(bytes) > mostBytes) {
        refusals++;
        return end();
      }
      const ms = (bytes.length / bytesPerSecond) * 1000;
      if (ms > 1) {
        client.pause();
        setTimeout(() => client.resume(), ms);
      }
      const text = bytes.toString('latin1');
      link.sent += text;
      if (every > 0 && CALL.test(text) && ++calls % every === 0) link.losesAnswer = true;
      link.redis.write(bytes);
    });
    link.redis.on('data', (bytes) => {
      if (!link.losesAnswer) return client.write(bytes);
      cuts++;
      end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const cutAll = () => {
    for (const { client } of links) client.destroy();
  };

  return {
    port: address.port,
    url: `redis://127.0.0.1:${address.port}`,
    freeze: (sent) => {
      const frozen = [...links].filter((link) => link.sent.includes(sent));
      for (const { client, redis } of frozen) {
        client.pause();
        redis.pause();
      }
      return frozen.length;
    },
    switchTo: (port) => {
      target = port;
      cutAll();
    },
    cutEvery: (n) => {
      every = n;
    },
    get cuts() {
      return cuts;
    },
    refuseCommandsOver: (bytes) => {
      mostBytes = bytes;
    },
    get refusals() {
      return refusals;
    },
    slowTo: (bytes) => {
      bytesPerSecond = bytes;
    },
    setOpen: (open) => {
      isOpen = open;
      if (!open) cutAll();
    },
    whenClientLeaves: () =>
      new Promise((resolve) => {
        leaving.push(resolve);
      }),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      cutAll();
      await closed;
    },
  };
}
