// The HTTP server: one error boundary, connections that end, and an orderly close.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { TooManyRuns } from '../runs/unknown-runs.ts';
import { acceptStreams } from './accept-streams.ts';
import { type AdmissionOptions, checkHostField, createAdmission, wrongWay } from './admission.ts';
import { endWith, rawProblem } from './bare-socket.ts';
import { answerBrokenRequests } from './broken-requests.ts';
import { createOnceASecond } from './once-a-second.ts';
import type { RequestHead } from './plain-head.ts';
import { HttpProblem, type ProblemCounts, sendProblem } from './problem.ts';
import { throwAwayRest } from './request-body.ts';
import type { Found } from './route.ts';
import { type CutCounts, countCut, createSpareConnections } from './spare-connections.ts';

export interface HttpServerOptions extends AdmissionOptions {
  /** A client that takes nothing of its answer for so long, and sends nothing, is cut. */
  stallMs: number;
  /** How many connections may be open besides those of readers. */
  maxSpare: number;
  /** How long a client may take for its first request. Default: as long as Node waits for a head. */
  patienceMs?: number;
  counted: ServerCounts;
  log: Logger;
}

export interface ServerCounts {
  /** Answers that are problems, by code. */
  problems: ProblemCounts;
  /** Connections that were cut while no reader had them, by why. */
  cuts: CutCounts;
}

export interface HttpServer extends Server {
  /** Connections that no reader has. */
  spareCount(): number;
}

const PATIENCE_MS = 60_000;
/** Longer than the idle timeout of the usual proxies (60 s), so that the proxy closes first. */
const KEEP_ALIVE_MS = 75_000;

/** Newer Node ignores other upgrades with this. Node 26 can't go on with a connection from which an upgrade was read. */
const SERVER_OPTIONS = {
  keepAliveTimeout: KEEP_ALIVE_MS,
  noDelay: true,
  // It would answer without our headers: admission.ts looks for it.
  requireHostHeader: false,
  shouldUpgradeCallback: isWebSocket,
};

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { access, stallMs, maxSpare, patienceMs = PATIENCE_MS, counted, log } = options;
  const { problems, cuts } = counted;
  const server = createServer(SERVER_OPTIONS);
  server.setTimeout(stallMs, (socket) => {
    // Else it was idle between two requests, which is no fault.
    if (socket.writableLength > 0) countCut(cuts, 'stalled');
    socket.destroy();
  });
  const { answerTooSlow } = answerBrokenRequests(server, { headersOf: access.answerHeaders, note });
  const onceASecond = createOnceASecond();
  const spare = createSpareConnections({
    max: maxSpare,
    patienceMs,
    onSlow: answerTooSlow,
    onCrowded: (times) =>
      onceASecond(() =>
        log.warn({ times, open: maxSpare }, 'too many connections ask nothing: the oldest of them are cut'),
      ),
    cuts,
  });
  server.on('close', spare.close);
  // 16 KB hold no more than can be looked at: Node would leave out those behind the 2,000th without a word.
  server.maxHeadersCount = 0;
  const admission = createAdmission(options);

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const headers = access.answerHeaders(request);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value ?? '');
    try {
      if (request.method === 'OPTIONS') {
        checkHostField(request);
        access.checkHost(request);
        response.writeHead(204, access.preflightHeaders(request)).end();
      } else {
        const found = admission.find(request);
        const admitted = await admission.admit(request, found);
        if (!('answer' in found.route)) throw wrongWay(found.route, false);
        await found.route.answer({ ...admitted, request, response });
      }
    } catch (error) {
      if (response.headersSent || response.destroyed) response.destroy();
      else sendProblem(response, problemOf(error, request.method, request.destroyed));
    }
    throwAwayRest(request);
  }

  /** Answers on a connection without Node's response object. */
  async function answerBare(head: RequestHead, socket: Duplex, respond: () => Promise<void>) {
    try {
      await respond();
    } catch (error) {
      const problem = problemOf(error, head.method, socket.destroyed);
      if (socket.writable)
        endWith(socket, rawProblem(problem, access.answerHeaders(head), head.method === 'HEAD'));
    }
  }

  function takeOver(head: RequestHead, socket: Socket): boolean {
    let found: Found;
    try {
      found = admission.find(head);
    } catch {
      // An HttpProblem: `answer` will throw it again.
      return false;
    }
    const { route } = found;
    if (!('takeOver' in route)) return false;
    void answerBare(head, socket, async () => {
      const admitted = await admission.admit(head, found);
      // Spread, it would cost 25 µs: ten thousand readers may come back at once.
      await route.takeOver(Object.assign(admitted, { head, socket, headers: access.answerHeaders(head) }));
    });
    return true;
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, rest: Buffer) {
    const found = admission.find(request);
    const admitted = await admission.admit(request, found);
    if (!('upgrade' in found.route)) throw wrongWay(found.route, true);
    await found.route.upgrade({ ...admitted, request, socket, rest });
  }

  function problemOf(error: unknown, method: string | undefined, isGone: boolean): HttpProblem {
    const problem = knownProblem(error) ?? internal(error, method, isGone);
    note(problem);
    return problem;
  }

  function note({ code }: HttpProblem) {
    problems.set(code, (problems.get(code) ?? 0) + 1);
  }

  function internal(error: unknown, method: string | undefined, isGone: boolean): HttpProblem {
    // A client that went away while its body was read is not an error.
    if (!isGone) log.error({ err: error, method }, 'request failed');
    return new HttpProblem(500, 'internal', 'Something went wrong here. The log says what.');
  }

  acceptStreams(server, { takeOver, answer }, { spare, cuts });
  server.on('upgrade', (request, socket, rest) => {
    // Without a listener a reset during the handshake would end the process.
    socket.on('error', () => socket.destroy());
    if (socket.destroyed) return;
    // Older Node shows every Upgrade header here; one that isn't known is to be ignored (RFC 9110, 7.8): curl --http2, say.
    if (!isWebSocket(request)) return beginAnew(request, socket, rest);
    void answerBare(request, socket, () => upgrade(request, socket, rest));
  });

  /** Node's parser has left the connection, and a body on it. It gets the request again, without the header. */
  function beginAnew(request: IncomingMessage, socket: Duplex, rest: Buffer) {
    socket.unshift(Buffer.concat([Buffer.from(headWithoutUpgrade(request), 'latin1'), rest]));
    server.emit('connection', socket);
  }

  return Object.assign(server, { spareCount: spare.count });
}

function knownProblem(error: unknown): HttpProblem | null {
  if (error instanceof HttpProblem) return error;
  if (!(error instanceof TooManyRuns)) return null;
  return new HttpProblem(503, 'too-many-runs', `${error.message}.`, { headers: { 'Retry-After': '5' } });
}

function isWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/** `close`, as every further request of this kind would begin anew on the same socket. */
function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`, 'Connection: close'];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (!['connection', 'upgrade'].includes(name.toLowerCase())) lines.push(`${name}: ${rawHeaders[i + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
