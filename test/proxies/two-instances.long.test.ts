// Two instances behind one proxy, restarted one after the other: plain EventSources, which give up at the first 502, get
// every event once.
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { EventSource } from 'eventsource';
import { Agent, fetch } from 'undici';
import { createPublisher, type Publisher } from '../../src/publish/publisher.ts';
import { createObserved } from '../support/observed.ts';
import { pollUntil } from '../support/poll-until.ts';
import { untilUnready } from '../support/readiness.ts';
import { freePort, type RedisServer, startRedis } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';
import { type Front, type Recipe, startFront } from './front.ts';
import { haproxy, nginx } from './recipes.ts';

const READERS = 30;
const LATE_READERS = 4;

let redis: RedisServer;
let publisher: Publisher;
before(async () => {
  redis = await startRedis();
  publisher = createPublisher({ redisUrl: redis.url });
});
after(async () => {
  await publisher.close();
  await redis.stop();
});

interface Reader {
  readonly lines: readonly string[];
  readonly ids: readonly number[];
  readonly statuses: readonly number[];
  untilShown(line: string): Promise<unknown>;
  untilOver(): Promise<unknown>;
}

const insecure = new Agent({ connect: { rejectUnauthorized: false } });

function openReader(t: TestContext, url: string): Reader {
  const lines: string[] = [];
  const ids: number[] = [];
  const statuses: number[] = [];
  const observed = createObserved(() => `${statuses} ${lines}`);
  const source = new EventSource(url, {
    fetch: async (address, init) => {
      const answer = await fetch(address, { ...init, dispatcher: insecure } as Parameters<typeof fetch>[1]);
      statuses.push(answer.status);
      return answer;
    },
  });
  t.after(() => source.close());
  source.onmessage = ({ data }) => {
    const { message, id } = JSON.parse(data);
    if (message === undefined) return;
    lines.push(message);
    ids.push(id);
    observed.changed();
  };
  source.onerror = () => observed.changed();
  return {
    lines,
    ids,
    statuses,
    untilShown: (line) =>
      observed.until(line, () => {
        assert.notEqual(source.readyState, source.CLOSED, `it gave up after ${statuses}`);
        return lines.includes(line);
      }),
    untilOver: () => observed.until('the end', () => source.readyState === source.CLOSED),
  };
}

async function countReaders({ url }: Service): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^run_progress_connections\{transport="sse"\} (\d+)$/m.exec(text)?.[1] ?? 0);
}

interface Case {
  recipe: Recipe;
  /** Fulfilled when the proxy sends nobody to the instance any more. */
  untilAvoided(front: Front, name: 'one' | 'two'): Promise<unknown>;
}

const CASES: readonly Case[] = [
  { recipe: nginx, untilAvoided: async () => {} },
  {
    recipe: haproxy,
    untilAvoided: ({ program }, name) =>
      program.waitForLine(`the loss of ${name}`, (line) => line.includes(`Server progress/${name} is DOWN`)),
  },
];

for (const { recipe, untilAvoided } of CASES)
  test(`behind ${recipe.name} two instances restart one after the other, and no reader notices`, async (t) => {
    const runId = `restarts behind ${recipe.name}`;
    const ports = [await freePort(), await freePort()] as const;
    const start = async (port: number) => {
      const service = await startService({
        PORT: String(port),
        REDIS_URL: redis.url,
        DRAIN_SECONDS: '5',
      });
      t.after(() => service.stop('SIGKILL'));
      return service;
    };
    const instances = { one: await start(ports[0]), two: await start(ports[1]) };
    const front = await startFront(recipe, ports[0], {
      block: `${recipe.name} with two instances`,
      edit: (block) => block.replace('127.0.0.1:8001', `127.0.0.1:${ports[1]}`),
    });
    t.after(front.stop);
    const url = `${front.url}/api/runs/${encodeURIComponent(runId)}/events`;
    const readers = Array.from({ length: READERS }, () => openReader(t, url));
    const said: string[] = [];
    const say = async (line: string) => {
      said.push(line);
      publisher.publish(runId, { log: line });
      await Promise.all(readers.map((reader) => reader.untilShown(line)));
    };
    await pollUntil('readers at both', async () => {
      const counts = await Promise.all(Object.values(instances).map(countReaders));
      return counts.every((count) => count > 0) && (counts[0] ?? 0) + (counts[1] ?? 0) === READERS;
    });
    await say('before');

    for (const name of ['one', 'two'] as const) {
      const going = instances[name];
      going.program.kill('SIGTERM');
      await untilUnready(going.url, /shutting down/);
      await untilAvoided(front, name);
      const stayed = await countReaders(going);
      if (name === 'one') {
        readers.push(...Array.from({ length: LATE_READERS }, () => openReader(t, `${url}?last_event_id=0`)));
        await say('served on while it drains');
        if (recipe === haproxy) assert.equal(await countReaders(going), stayed, 'new readers go elsewhere');
      }
      await going.program.exited;
      await say(`after the end of ${name}`);
      instances[name] = await start(going.port);
      await say(`after the start of ${name}`);
      if (recipe === haproxy)
        await front.program.waitForLine(`${name} again`, (line) => line.includes(`progress/${name} is UP`));
    }
    publisher.publish(runId, { state: 'END', log: 'the end' });
    said.push('the end');
    for (const reader of readers) {
      await reader.untilOver();
      assert.deepEqual(reader.lines, said);
      assert.deepEqual(
        reader.ids,
        said.map((_, i) => (readers[0]?.ids[0] ?? 0) + i),
      );
      assert.ok(
        reader.statuses.every((status) => status === 200 || status === 204),
        `${reader.statuses}`,
      );
    }
  });
