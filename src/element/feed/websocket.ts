// A WebSocket per run: for networks whose proxies hold streams back. Browsers allow hundreds of them.
import { parseMessage } from '../message.ts';
import { type Attempt, createWatchdog, type Ending } from './transport.ts';

const PING_MS = 15_000;

/** Ends as a whole as soon as one of the sockets does: they share the way. */
export function openSockets(attempt: Attempt): Promise<Ending> {
  return new Promise((resolve) => {
    let isAlive = false;
    const sockets = new Map<string, WebSocket>();
    const watchdog = createWatchdog(() => end({ why: isAlive ? 'failed' : 'blocked' }));
    const pings = setInterval(() => {
      for (const socket of sockets.values()) ping(socket);
    }, PING_MS);
    const onAbort = () => end({ why: 'ended' });
    attempt.signal.addEventListener('abort', onAbort);
    for (const run of attempt.runs) sockets.set(run, open(run));
    if (attempt.signal.aborted) onAbort();

    function open(run: string): WebSocket {
      const socket = new WebSocket(socketUrl(attempt, run));
      // The answer to it carries the server's time, and is the first thing to come for a run nobody knows yet.
      socket.onopen = () => ping(socket);
      socket.onmessage = ({ data }) => {
        isAlive = true;
        watchdog.feed();
        take(String(data), run);
      };
      socket.onclose = () => end({ why: isAlive ? 'ended' : 'failed' });
      return socket;
    }

    function take(text: string, run: string): void {
      const message = parseMessage(text, run);
      attempt.onAlive(message === undefined ? pongTime(text) : undefined);
      if (message !== undefined) attempt.onMessage(message);
    }

    function end(ending: Ending): void {
      watchdog.stop();
      clearInterval(pings);
      attempt.signal.removeEventListener('abort', onAbort);
      for (const socket of sockets.values()) {
        socket.onclose = null;
        socket.close();
      }
      resolve(ending);
    }
  });
}

function socketUrl({ endpoint, cursorOf }: Attempt, run: string): string {
  const url = new URL(`${endpoint.server.replace(/^http/, 'ws')}/ws/${encodeURIComponent(run)}`);
  const cursor = cursorOf(run);
  if (cursor > 0) url.searchParams.set('last_event_id', String(cursor));
  // A browser's WebSocket can't send headers.
  if (endpoint.token !== '') url.searchParams.set('token', endpoint.token);
  return url.href;
}

function ping(socket: WebSocket): void {
  if (socket.readyState === WebSocket.OPEN) socket.send('{"type":"ping"}');
}

function pongTime(text: string): number | undefined {
  const [, ts] = /^\{"type":"pong".*"ts":(\d+)/.exec(text) ?? [];
  return ts === undefined ? undefined : Number(ts);
}
