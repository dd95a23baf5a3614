// An event stream as bytes arrive: when, how encoded, and how it ends. It decides nothing.
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface StreamProbe {
  /** Null: no answer within the time. */
  readonly status: number | null;
  readonly headers: IncomingHttpHeaders;
  /** From the request to the head, and to the first byte of the body; null where it did not come. */
  readonly headMs: number | null;
  readonly firstByteMs: number | null;
  /** From the head to each ping, with the service's time in it, and the host's at its arrival. */
  readonly pings: readonly { atMs: number; serverTime: number; hostTime: number }[];
  /** The connection ended before the time was over: so long after its last byte. */
  readonly cutAfterSilenceMs: number | null;
  /** A code, where there was no answer at all. */
  readonly error: string | null;
}

export interface ProbeOptions {
  headers: Record<string, string>;
  seconds: number;
  /** Events as they arrive: the text of their data. */
  onData(data: string): void;
  /** The first ping is here: the stream is open. */
  onOpen(): void;
}

/** Reads for `seconds`. Compression is asked for, as browsers do. Never rejects. */
export function probeStream(url: string, options: ProbeOptions): Promise<StreamProbe> {
  let resolve: (probe: StreamProbe) => void = () => {};
  const ended = new Promise<StreamProbe>((settle) => {
    resolve = settle;
  });
  const begun = performance.now();
  const since = () => performance.now() - begun;
  const pings: { atMs: number; serverTime: number; hostTime: number }[] = [];
  const seen: { -readonly [name in keyof StreamProbe]: StreamProbe[name] } = {
    status: null,
    headers: {},
    headMs: null,
    firstByteMs: null,
    pings,
    cutAfterSilenceMs: null,
    error: null,
  };
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const sent = send(url, {
    headers: { accept: 'text/event-stream', 'accept-encoding': 'gzip, deflate, br', ...options.headers },
    agent: false,
  });
  let isOver = false;
  let lastByteMs = 0;
  const timer = setTimeout(finish, options.seconds * 1000);

  function finish() {
    isOver = true;
    clearTimeout(timer);
    sent.destroy();
    resolve(seen);
  }

  function onCut() {
    // After the time is over it is our own end.
    if (isOver) return;
    seen.cutAfterSilenceMs = since() - lastByteMs;
    finish();
  }

  sent.on('error', (error: NodeJS.ErrnoException) => {
    // A proxy that resets the connection ends both the request and its answer.
    if (seen.status !== null) return onCut();
    seen.error ??= error.code ?? error.message;
    finish();
  });
  sent.on('response', (response) => {
    seen.status = response.statusCode ?? null;
    seen.headers = response.headers;
    seen.headMs = since();
    lastByteMs = since();
    let text = '';
    response.setEncoding('latin1').on('data', (chunk: string) => {
      lastByteMs = since();
      seen.firstByteMs ??= lastByteMs;
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) read(block);
    });
    response.on('end', onCut).on('error', onCut);
  });
  sent.end();
  return ended;

  function read(block: string) {
    const data = /^data: ?(.*)$/m.exec(block)?.[1] ?? '';
    if (!/^event: ?ping$/m.test(block)) {
      if (data !== '') options.onData(data);
      return;
    }
    pings.push({ atMs: since(), serverTime: Number(data), hostTime: Date.now() });
    if (pings.length === 1) options.onOpen();
  }
}
