// The clients of docs/clients.md: each follows a run through an orderly restart, a kill and the end, gets each event once,
// in order, and then stops.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { type BrowserName, browserNames, launchBrowser } from '../../scripts/browsers.ts';
import { createPublisher, type Publisher } from '../../src/publish/publisher.ts';
import { createObserved } from '../support/observed.ts';
import { type Program, startProgram } from '../support/program.ts';
import { freePort, startRedis } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';

const PROGRAMS = 'test/clients/programs';
const NODE = ['eventsource-2', 'eventsource-3', 'eventsource-4', 'undici', 'launchdarkly-eventsource'];
const PYTHON = ['requests', 'httpx', 'aiohttp', 'websockets'];
const IN_BROWSER = ['EventSource', '@microsoft/fetch-event-source', 'reconnecting-eventsource', 'sse.js'];

const LOOP_DRIVER = `
import sys
print("ready", flush=True)
for message in follow(sys.argv[1]):
    print(message["type"], message["id"], message["message"], flush=True)
print("done")
`;

/** A client at work: what it has printed. */
interface Client {
  name: string;
  /** Fulfilled when it has printed a line that ends like this. */
  until(end: string): Promise<unknown>;
  lines(): readonly string[];
}

const releases: (() => unknown)[] = [];
after(async () => {
  for (const release of releases.reverse()) await release();
});

let env: Record<string, string>;
let publisher: Publisher;
let service: Service;

before(async () => {
  const redis = await startRedis();
  releases.push(redis.stop);
  env = { PORT: String(await freePort()), REDIS_URL: redis.url, ALLOWED_ORIGINS: '*' };
  publisher = createPublisher({ redisUrl: redis.url });
  releases.push(publisher.close);
  service = await startService(env);
  releases.push(() => service.stop('SIGKILL'));
});

function programClient(name: string, command: string, file: string, url: string): Client {
  const program: Program = startProgram(command, [file, url]);
  releases.push(() => program.stop('SIGKILL'));
  return {
    name,
    until: (end) => program.waitForLine(`"${end}" of ${name}`, (line) => line.endsWith(end)),
    // Undici warns on stderr that it is experimental.
    lines: () => program.lines.filter((line) => !/UNDICI-ES|--trace-warnings/.test(line)),
  };
}

/** The Python of docs/clients.md, as a program. */
function documentedLoop(): string {
  const code = /```python\n(.*?)```/s.exec(readFileSync('docs/clients.md', 'utf8'))?.[1] ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-'));
  releases.push(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'follow.py');
  writeFileSync(file, `${code}${LOOP_DRIVER}`);
  return file;
}

/** Pages of an origin of their own, each with one client. */
async function browserClients(browserName: BrowserName, url: string): Promise<Client[]> {
  const { outputFiles } = await build({
    entryPoints: [`${PROGRAMS}/in-browser.js`],
    bundle: true,
    write: false,
    format: 'iife',
  });
  const page = `<!doctype html><meta charset="utf-8"><script>${outputFiles[0]?.text.replaceAll('</script', '<\\/script')}</script>`;
  const site = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page);
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  releases.push(
    () => site.closeAllConnections(),
    () => site.close(),
  );
  const { port } = site.address() as AddressInfo;
  const browser = await launchBrowser(browserName);
  releases.push(() => browser.close());
  return Promise.all(
    IN_BROWSER.map(async (client) => {
      const name = `${client} in ${browserName}`;
      const lines: string[] = [];
      const observed = createObserved(() => lines.join('\n'));
      const tab = await browser.newPage();
      tab.on('console', (message) => {
        if (message.type() !== 'log') return;
        lines.push(message.text());
        observed.changed();
      });
      await tab.goto(`http://127.0.0.1:${port}/`);
      await tab.evaluate(`follow(${JSON.stringify(client)}, ${JSON.stringify(url)})`);
      return {
        name,
        until: (end: string) =>
          observed.until(`"${end}" of ${name}`, () => lines.some((line) => line.endsWith(end))),
        lines: () => lines,
      };
    }),
  );
}

/** Records the next lines of the run, in Redis: the service may be away. */
async function say(runId: string, ...lines: string[]) {
  for (const log of lines) publisher.publish(runId, { log });
  assert.equal(await publisher.flush(), true);
}

/** A run that goes through all that a client must survive. Fulfilled with the ids of its events when it has ended. */
async function live(runId: string, clients: readonly Client[]): Promise<string[]> {
  const allHave = (end: string) => Promise.all(clients.map((client) => client.until(end)));
  await allHave('ready');
  await say(runId, 'one', 'two');
  await allHave('two');
  await service.stop('SIGTERM');
  await say(runId, 'in the restart');
  service = await startService(env);
  await say(runId, 'after the restart');
  await allHave('after the restart');
  await service.stop('SIGKILL');
  await say(runId, 'after the kill');
  service = await startService(env);
  publisher.publish(runId, { state: 'END', progress: 1, log: 'the end' });
  await publisher.flush();
  await allHave('done');
  const history = await fetch(`${service.url}/api/runs/${encodeURIComponent(runId)}`);
  const { first_id: first, id: last } = (await history.json()) as { first_id: number; id: number };
  return Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
}

const MESSAGES = ['one', 'two', 'in the restart', 'after the restart', 'after the kill', 'the end'];

function assertExact({ name, lines }: Client, ids: readonly string[]) {
  const expected = MESSAGES.map((message, i) => `progress ${ids[i]} ${message}`);
  assert.deepEqual(lines(), ['ready', ...expected, 'done'], name);
}

test('clients of other languages and libraries get each event once, and stop', async (t) => {
  const runId = '20251105_1430_우주여행고양이';
  const url = service.eventsUrl(runId);
  const clients = [
    ...NODE.map((name) => programClient(name, process.execPath, `${PROGRAMS}/${name}.js`, url)),
    ...PYTHON.map((name) =>
      programClient(
        name,
        '/usr/bin/python3',
        `${PROGRAMS}/${name}_client.py`,
        name === 'websockets' ? service.webSocketUrl(runId) : url,
      ),
    ),
    programClient('curl', 'bash', `${PROGRAMS}/curl.sh`, url),
    programClient('the loop of docs/clients.md', '/usr/bin/python3', documentedLoop(), url),
  ];
  const ids = await live(runId, clients);
  for (const client of clients) await t.test(client.name, () => assertExact(client, ids));
});

for (const browserName of browserNames)
  test(`clients that are made for pages get each event once, and stop (${browserName})`, async (t) => {
    const runId = `in ${browserName}`;
    const clients = await browserClients(browserName, service.eventsUrl(runId));
    const ids = await live(runId, clients);
    for (const client of clients) await t.test(client.name, () => assertExact(client, ids));
  });
