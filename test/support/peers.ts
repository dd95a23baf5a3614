// Connections whose peer does as a test says, to a service within the test's own process.
import type { TestContext } from 'node:test';
import { request } from 'undici';
import { type LocalService, type LocalServiceOptions, startLocalService } from './local-service.ts';
import { openSlow, type SlowConnection } from './slow-connection.ts';

/** What curl --http2 asks for, and this service ignores. */
export const H2C =
  'Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n';

export async function setUp(t: TestContext, options: LocalServiceOptions = {}): Promise<LocalService> {
  const service = await startLocalService(options);
  t.after(() => service.stop());
  return service;
}

export async function connected(t: TestContext, { port }: LocalService): Promise<SlowConnection> {
  const connection = await openSlow(port);
  t.after(connection.reset);
  return connection;
}

export function streamRequest(runId: string, headers = ''): string {
  return `GET /api/runs/${runId}/events HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;
}

export async function codeOf(url: string, method: 'GET' | 'HEAD' = 'GET'): Promise<string> {
  const { statusCode, headers, body } = await request(url, { method });
  if (method === 'HEAD' || statusCode === 200) {
    // Of a stream there would be no end.
    body.on('error', () => {}).destroy();
    return `${statusCode}`;
  }
  const { code } = (await body.json()) as { code: string };
  return `${statusCode} ${code} ${headers['retry-after'] ?? ''}`.trim();
}

/** How a request for a stream can come: the first of its connection, so that Node never sees it, or not. */
export const WAYS: Record<string, (peer: SlowConnection, runId: string) => Promise<void>> = {
  'a stream': (peer, runId) => peer.send(streamRequest(runId)),
  'a stream with an upgrade that is ignored': (peer, runId) => peer.send(streamRequest(runId, H2C)),
  'a stream behind an answer': async (peer, runId) => {
    await peer.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await peer.until('the answer', (text) => text.includes('\nok\n'));
    await peer.send(streamRequest(runId));
  },
  'a stream whose head comes with a body': (peer, runId) =>
    peer.send(streamRequest(runId, 'Content-Length: 2\r\n').concat('{}')),
};
