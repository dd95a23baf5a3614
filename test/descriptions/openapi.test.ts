// openapi.json says what the service answers: each answer here is held to its description.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Dispatcher, request } from 'undici';
import { WebSocket } from 'ws';
import { publish, publishAll } from '../support/publish.ts';
import { startService } from '../support/service.ts';
import { schemaProblem } from './schema.ts';

interface Described {
  content?: Record<string, { schema: Record<string, unknown>; 'x-each-line'?: boolean }>;
  $ref?: string;
}

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../public/${name}`, import.meta.url), 'utf8'));
const documents = new Map([
  ['', read('openapi.json')],
  ['openapi.json', read('openapi.json')],
]);

function resolve(reference: string) {
  const [file = '', path = ''] = reference.split('#');
  const found = path
    .split('/')
    .slice(1)
    .reduce((node, name) => node?.[name], documents.get(file));
  assert.ok(found, `${reference} names nothing`);
  return found;
}

const service = await startService();
test.after(() => service.stop('SIGKILL'));
const seen = new Set<string>();

/** The answer, once it is as described. */
async function held(path: string, url: string, options: Partial<Dispatcher.RequestOptions> = {}) {
  const { method = 'GET' } = options;
  const { statusCode, headers, body } = await request(`${service.url}${url}`, { method, ...options });
  const text = await body.text();
  const operation = documents.get('').paths[path]?.[method.toLowerCase()];
  assert.ok(operation, `${method} ${path} is not described`);
  let described: Described | undefined = operation.responses[statusCode];
  assert.ok(described, `${method} ${path} answers ${statusCode}, which is not described: ${text}`);
  if (described.$ref) described = resolve(described.$ref) as Described;
  seen.add(`${method} ${path} ${statusCode}`);
  const type = String(headers['content-type'] ?? '').split(';')[0] ?? '';
  const content = described.content?.[type];
  if (text === '') assert.equal(described.content, undefined, `${method} ${url} ${statusCode} has no body`);
  else assert.ok(content, `${method} ${url} answers ${type}, which is not described`);
  for (const value of content === undefined ? [] : valuesOf(type, text)) {
    const problem = schemaProblem(content?.schema ?? {}, value, resolve);
    assert.equal(problem, null, `${method} ${url}: ${problem}`);
  }
  return { status: statusCode, text };
}

function valuesOf(type: string, text: string): unknown[] {
  if (type.endsWith('json') && type !== 'application/x-ndjson') return [JSON.parse(text)];
  if (type === 'application/x-ndjson')
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  if (type !== 'text/event-stream') return [text];
  // Its data is what a line of NDJSON is.
  const data = text.match(/^data: \{.*$/gm) ?? [];
  for (const line of data) {
    const problem = schemaProblem(resolve('#/components/schemas/Line'), JSON.parse(line.slice(6)), resolve);
    assert.equal(problem, null, String(problem));
  }
  return [text];
}

const EVENTS = '/api/runs/{run_id}/events';
const post = (body: unknown) => ({
  method: 'POST' as const,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
});

test('publishing answers as described', async () => {
  assert.equal(
    (await held(EVENTS, '/api/runs/p/events', post({ state: 'A', log: '우주', data: { a: [1] } }))).status,
    201,
  );
  const batch = { events: [{ log: 'one' }, { progress: 40 }, { state: 'END', progress: 1 }] };
  assert.equal((await held(EVENTS, '/api/runs/p/events', { ...post(batch), headers: {} })).status, 200);
  for (const [body, status] of [
    ['{', 400],
    [{ progress: 'x' }, 422],
    [{ log: 'x'.repeat(70_000) }, 413],
  ] as const)
    assert.equal((await held(EVENTS, '/api/runs/p/events', post(body))).status, status);
  const compressed = { ...post({}), headers: { 'content-encoding': 'gzip' } };
  assert.equal((await held(EVENTS, '/api/runs/p/events', compressed)).status, 415);
});

test('reading answers as described, in every format', async () => {
  await publishAll(service, 'r', [
    { log: 'one', progress: 0.5 },
    { state: 'END', log: 'two' },
  ]);
  for (const format of ['sse', 'ndjson', 'text'])
    for (const cursor of ['', '0', '7'])
      await held(EVENTS, `/api/runs/r/events?format=${format}&last_event_id=${cursor}`);
  const { text } = await held('/api/runs/{run_id}', '/api/runs/r');
  const { id } = JSON.parse(text);
  assert.equal((await held(EVENTS, `/api/runs/r/events?last_event_id=${id}`)).status, 204);
  const known = { headers: { 'if-none-match': `"${id}"` } };
  assert.equal((await held('/api/runs/{run_id}', '/api/runs/r', known)).status, 304);
  assert.equal((await held('/api/runs/{run_id}', '/api/runs/unknown')).status, 404);
  assert.equal((await held('/api/runs/{run_id}', `/api/runs/${'x'.repeat(300)}`)).status, 400);
  await held('/api/runs/{run_id}/badge.svg', '/api/runs/r/badge.svg');
  await publish(service, 'open', { state: 'A' });
  await held('/api/events', '/api/events?run=r&run=open&wait=0');
  assert.equal((await held('/api/events', '/api/events?run=nobody&wait=0')).status, 204);
  assert.equal((await held('/api/events', '/api/events?wait=0')).status, 400);
  assert.equal((await held('/api/events', `/api/events?${'run=x&'.repeat(2000)}`)).status, 414);
});

test('health answers as described', async () => {
  await held('/healthz', '/healthz');
  await held('/readyz', '/readyz');
});

test('both descriptions are served, and name only what there is', async () => {
  for (const name of ['openapi.json', 'asyncapi.json']) {
    const { statusCode, body } = await request(`${service.url}/${name}`);
    assert.equal(statusCode, 200);
    const document = await body.json();
    assert.deepEqual(document, read(name));
    const own =
      name === 'openapi.json'
        ? documents
        : new Map([
            ['', document],
            ['openapi.json', read('openapi.json')],
          ]);
    for (const [, reference = ''] of JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)) {
      const [file = '', path = ''] = reference.split('#');
      const found = path
        .split('/')
        .slice(1)
        .reduce(
          (node, part) => (node as Record<string, unknown>)?.[part.replaceAll('~1', '/')] as never,
          own.get(file),
        );
      assert.ok(found, `${name}: ${reference} names nothing`);
    }
  }
});

test('every operation has been tried', () => {
  for (const [path, operations] of Object.entries(documents.get('').paths as Record<string, object>))
    for (const method of Object.keys(operations).filter((name) => name !== 'parameters'))
      assert.ok(
        [...seen].some((one) => one.startsWith(`${method.toUpperCase()} ${path} 2`)),
        `${method} ${path}`,
      );
});

test('asyncapi.json says what a WebSocket carries', async (t) => {
  await publish(service, 'ws', { state: 'A', log: 'one' });
  const { messages } = read('asyncapi.json').components;
  const socket = new WebSocket(service.webSocketUrl('ws'));
  t.after(() => socket.terminate());
  const payloads: unknown[] = [];
  await new Promise<void>((resolveAll, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send('{"type":"ping"}'));
    socket.on('message', (data) => {
      payloads.push(JSON.parse(String(data)));
      if (payloads.length === 2) void publish(service, 'ws', { log: 'two' });
      if (payloads.length === 3) resolveAll();
    });
  });
  for (const [i, name] of ['snapshot', 'pong', 'event'].entries())
    assert.equal(schemaProblem(messages[name].payload, payloads[i], resolve), null);
  const update = messages.update.payload;
  assert.equal(schemaProblem(update, { run_id: 'r', state: 'A', progress: 0.5, log: null }, resolve), null);
  assert.match(schemaProblem(update, { state: 'A' }, resolve) ?? '', /run_id/);
});
