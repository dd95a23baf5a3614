// A reader as cheap as can be, of which thousands fit into a process: a bare socket and HTTP/1.0, so that there are no
// chunks. It comes back as EventSource does, when the service said, and checks every id as it comes.
import { connect } from 'node:net';

export interface Follower {
  readonly isConnected: boolean;
  /** The event that ended the run has come. */
  readonly isDone: boolean;
  readonly firstId: number;
  readonly lastId: number;
  /** In sentences: a hole, a doubled event, a snapshot that replaces what it has. Empty is well. */
  readonly faults: readonly string[];
  /** What the service told it at each shutdown: ms. */
  readonly delays: readonly number[];
  /** When each new connection was tried: ms, by the clock of `performance.now()`. */
  readonly comebacks: readonly number[];
  /** Answers other than 200, which a proxy gives while it finds no service. */
  readonly refusals: readonly number[];
}

export interface FollowerOptions {
  port: number;
  path: string;
}

const DEFAULT_RETRY_MS = 3000;

export function follow({ port, path }: FollowerOptions): Follower {
  const faults: string[] = [];
  const delays: number[] = [];
  const comebacks: number[] = [];
  const refusals: number[] = [];
  let isConnected = false;
  let isDone = false;
  let firstId = 0;
  let lastId = 0;

  function takeEvent(id: number, data: string) {
    if (firstId === 0) firstId = id;
    else if (id !== lastId + 1) faults.push(`${id} came after ${lastId}`);
    if (!data.startsWith('{"type":"progress"')) faults.push(`not an event: ${data.slice(0, 100)}`);
    lastId = id;
    if (data.includes('"done":true')) isDone = true;
  }

  function open() {
    let text = '';
    let hasHead = false;
    let retryMs = DEFAULT_RETRY_MS;
    let retries = 0;

    function takeBlock(block: string) {
      const fields = new Map(
        block.split('\n').map((line): [string, string] => {
          const colon = line.indexOf(': ');
          return [line.slice(0, colon), line.slice(colon + 2)];
        }),
      );
      const retry = fields.get('retry');
      if (retry !== undefined) {
        retryMs = Number(retry);
        // The first one comes with the head, another one when the service shuts down.
        if (++retries > 1) delays.push(retryMs);
      }
      const data = fields.get('data');
      if (data !== undefined && !fields.has('event')) takeEvent(Number(fields.get('id')), data);
    }

    function takeHead(): boolean {
      const end = text.indexOf('\r\n\r\n');
      if (end === -1) return false;
      const status = Number(text.slice(9, 12));
      if (status !== 200) {
        refusals.push(status);
        socket.destroy();
        return false;
      }
      hasHead = true;
      isConnected = true;
      text = text.slice(end + 4);
      return true;
    }

    const cursor = `Last-Event-ID: ${lastId}\r\n`;
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setEncoding('latin1');
    socket.write(`GET ${path} HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n${cursor}\r\n`);
    socket.on('data', (piece: string) => {
      text += piece;
      if (!hasHead && !takeHead()) return;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) takeBlock(block);
    });
    // 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      isConnected = false;
      if (isDone) return;
      setTimeout(() => {
        comebacks.push(performance.now());
        open();
      }, retryMs);
    });
  }

  open();
  return {
    get isConnected() {
      return isConnected;
    },
    get isDone() {
      return isDone;
    },
    get firstId() {
      return firstId;
    },
    get lastId() {
      return lastId;
    },
    faults,
    delays,
    comebacks,
    refusals,
  };
}
