// A WebSocket per run: for networks whose proxies hold streams back. Browsers allow hundreds of them.
import { toMessage } from '../message.ts';
import { type Attempt, createWatchdog, type Ending } from './transport.ts';

const PING_MS = 15_000;

/** Ends as a whole as soon as one of the sockets does: they share the way. */
export function openSockets(attempt: Attempt): Promise<Ending> {
  return new Promise((resolve) => {
    let isAlive = false;
    const watchdog = createWatchdog(() => end({ why: isAlive ? 'ended' : 'blocked' }));
    const pings = setInterval(() => {
      sockets.forEach(ping);
    }, PING_MS);
    const sockets = attempt.runs.map(open);
    attempt.signal.onabort = () => end({ why: 'ended' });

    function open(run: string): WebSocket {
      const socket = new WebSocket(socketUrl(attempt, run));
      // The answer to it carries the server's time, and is the first thing to come for a run nobody knows yet.
      socket.onopen = () => ping(socket);
      socket.onmessage = ({ data }) => {
        isAlive = true;
        watchdog.feed();
        // The service sends nothing but JSON.
        const value: { type: string; ts?: number } = JSON.parse(data);
        attempt.onAlive(value.type === 'pong' ? value.ts : undefined);
        const message = toMessage({ run_id: run, ...value });
        if (message !== undefined) attempt.onMessage(message);
      };
      socket.onclose = () => end({ why: 'ended' });
      return socket;
    }

    function end(ending: Ending): void {
      watchdog.stop();
      clearInterval(pings);
      for (const socket of sockets) {
        socket.onclose = null;
        socket.close();
      }
      resolve(ending);
    }
  });
}

function socketUrl({ endpoint, cursorOf }: Attempt, run: string): string {
  // A browser's WebSocket can't send headers, so the token goes here.
  const query = new URLSearchParams(endpoint.token && { token: endpoint.token });
  if (cursorOf(run) > 0) query.set('last_event_id', String(cursorOf(run)));
  return `${endpoint.server.replace(/^http/, 'ws')}/ws/${encodeURIComponent(run)}?${query}`;
}

function ping(socket: WebSocket): void {
  if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"ping"}');
}
