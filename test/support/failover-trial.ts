// A failover amid updates: two services, a publisher, a worker with a bare PUBLISH, and readers of every run at each.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createPublisher } from '../../src/publish/publisher.ts';
import type { StoredEvent } from './history-list.ts';
import { assertDense, assertFollowed } from './invariants.ts';
import { pollUntil } from './poll-until.ts';
import { createRandom } from './random.ts';
import { untilReady } from './readiness.ts';
import { startService } from './service.ts';
import { openSse } from './sse-reader.ts';

export interface FailoverTrial {
  /** REDIS_URL. */
  url: string;
  /** A bare PUBLISH. May reject: the message is lost then. */
  publishRaw(message: string): Promise<unknown>;
  /** Fulfilled when another node is the master. */
  failOver(): Promise<unknown>;
  /** As the masters have it in the end. */
  readHistory(runId: string): Promise<StoredEvent[]>;
  seed: number;
  updates: number;
  runs: readonly string[];
}

/** Every recorded event reaches every reader once, or a gap is announced; and nothing is recorded twice. */
export async function tryFailover(t: TestContext, trial: FailoverTrial) {
  const { url, publishRaw, readHistory, runs, updates } = trial;
  const random = createRandom(trial.seed);
  const begun = Math.floor(updates / 5) + random.below(Math.floor(updates / 3));
  t.diagnostic(`SEED=${trial.seed}: the failover begins after ${begun} updates`);
  const env = { REDIS_URL: url, HISTORY_LIMIT: '100000' };
  const services = await Promise.all([startService(env), startService(env)]);
  t.after(() => Promise.all(services.map((service) => service.stop('SIGKILL'))));
  const warnings: string[] = [];
  const publisher = createPublisher({
    redisUrl: url,
    historyLimit: 100_000,
    onWarning: (warning) => warnings.push(warning),
  });
  t.after(publisher.close);
  const readers = await Promise.all(
    services.flatMap((service) =>
      runs.map(async (runId) => ({
        runId,
        stream: await openSse(service.eventsUrl(runId), { 'Last-Event-ID': '0' }),
      })),
    ),
  );
  t.after(() => {
    for (const { stream } of readers) stream.close();
  });

  let failover: Promise<unknown> | undefined;
  let isOver = false;
  let published = 0;
  /** What wasn't refused. */
  const sent = { update: 0, raw: 0 };
  while (published < updates || !isOver) {
    const run_id = runs[random.below(runs.length)] ?? '';
    published++;
    if (random.below(2) === 0) {
      publisher.publish(run_id, { log: `update ${published}` });
      sent.update++;
    } else
      await publishRaw(JSON.stringify({ run_id, log: `raw ${published}` })).then(
        () => sent.raw++,
        () => {}, // Lost, as whoever publishes so is told.
      );
    if (published === begun)
      failover = trial.failOver().then(() => {
        isOver = true;
      });
    // At the pace of a busy job.
    if (published % 5 === 0) await pause(2);
  }
  await failover;
  for (const service of services) await untilReady(service.url);
  assert.equal(await publisher.flush(60_000), true, warnings.join('\n'));
  const histories = new Map<string, StoredEvent[]>();
  // What a service has heard before is recorded before.
  for (const run_id of runs) {
    // A replaced master that doesn't know it yet still takes messages, and nobody hears them.
    let tries = 0;
    await pollUntil(`the last raw message of ${run_id}`, async () => {
      await publishRaw(JSON.stringify({ run_id, log: `last raw ${++tries}` })).catch(() => {});
      return (await readHistory(run_id)).some(({ message }) => message.startsWith('last raw'));
    });
    publisher.publish(run_id, { state: 'END', log: 'the end' });
    assert.equal(await publisher.flush(60_000), true, warnings.join('\n'));
    for (const { runId, stream } of readers) if (runId === run_id) assert.equal(await stream.ended, 'end');
    // At once: sentinels may replace the new master, too, and then what these readers have had is lost with it.
    histories.set(run_id, await readHistory(run_id));
  }
  for (const [runId, events] of histories) {
    assertDense(events.map(({ id }) => id));
    const messages = events.map(({ message }) => message);
    assert.equal(new Set(messages).size, messages.length, `an update of ${runId} is recorded twice`);
  }
  for (const { runId, stream } of readers) {
    const recorded = (histories.get(runId) ?? []).map(({ record, ...event }) => event);
    // With it the streams ended. A raw message that took long may come after it, and with it or not.
    const end = recorded.find(({ message }) => message === 'the end')?.id ?? 0;
    const last = Math.max(end, stream.all().at(-1)?.id ?? 0);
    assertFollowed(
      stream.all(),
      recorded.filter(({ id }) => id <= last),
      true,
    );
  }
  const all = [...histories.values()].flat();
  const share = (kind: 'update' | 'raw') => {
    const recorded = all.filter(({ message }) => message.startsWith(`${kind} `)).length;
    return `${recorded} of ${sent[kind]}`;
  };
  const gaps = readers.filter(({ stream }) => stream.snapshots().length > 0).length;
  t.diagnostic(
    `recorded: ${share('update')} updates and ${share('raw')} raw messages; ${gaps} of ${readers.length} readers were told of a gap`,
  );
}
