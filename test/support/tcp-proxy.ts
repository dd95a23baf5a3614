// A TCP proxy before Redis, whose connections can be made to hang, or to lead elsewhere.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

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
  close(): void;
}

interface Link {
  client: Socket;
  redis: Socket;
  sent: string;
}

export async function startTcpProxy(firstPort: number): Promise<TcpProxy> {
  const links = new Set<Link>();
  let target = firstPort;
  const server = createServer((client) => {
    const link: Link = { client, redis: connect(target, '127.0.0.1'), sent: '' };
    links.add(link);
    const end = () => {
      links.delete(link);
      client.destroy();
      link.redis.destroy();
    };
    // Either side may reset: then the other is ended, too.
    for (const socket of [client, link.redis]) socket.on('error', end).on('close', end);
    client.on('data', (bytes) => {
      link.sent += bytes.toString('latin1');
      link.redis.write(bytes);
    });
    link.redis.on('data', (bytes) => client.write(bytes));
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
    close: () => {
      server.close();
      cutAll();
    },
  };
}
