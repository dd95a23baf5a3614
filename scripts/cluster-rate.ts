// How many updates a cluster of three masters records, and one Redis, in turns on the same machine:
//   node --import tsx scripts/cluster-rate.ts
import { parseSettings } from '../src/runs/settings.ts';
import { createNodes } from '../src/stores/nodes.ts';
import { createRecordScript } from '../src/stores/record-call.ts';
import { sendable } from '../src/stores/record-script.ts';
import { slotOf } from '../src/stores/slots.ts';
import { startCluster } from '../test/support/cluster.ts';
import { startRedis } from '../test/support/redis.ts';

const LANES = 8;
const BATCH = 250;
const TURNS = 3;
const TURN_MS = 3000;

let sources = 0;

/** Updates a second, from as many loops as there are lanes. */
async function rateOf(url: string, runCount: number): Promise<number> {
  const log = { info: () => {}, warn: console.error };
  const nodes = createNodes({ url, tlsInsecure: false, name: 'cluster-rate', answerTimeoutMs: 5000, log });
  await nodes.whenReady(5000);
  await nodes.lookAgain();
  await Promise.all(nodes.all.map(({ commands }) => commands.status === 'ready' || nodes.whenReady(5000)));
  const script = createRecordScript(nodes, parseSettings({}));
  const runs = Array.from({ length: runCount }, (_, i) => `run ${i}`);
  const source = `rate${++sources}`;
  const begun = performance.now();
  let n = 0;
  let recorded = 0;

  async function recordLane(lane: number) {
    const ofLane = runs.filter((run) => slotOf(`autoshorts:run:${run}`) % LANES === lane);
    let next = 0;
    while (ofLane.length > 0 && performance.now() - begun < TURN_MS) {
      const batch = Array.from({ length: BATCH }, () => {
        const runId = ofLane[next++ % ofLane.length] ?? '';
        const update = { state: 'RENDERING', progress: 0.5, log: `line ${next} of a job that renders` };
        return sendable({ runId, update, name: { source, n: ++n } });
      });
      const { results } = await script.call(batch);
      recorded += results.filter(([, { status }]) => status === 'recorded').length;
    }
  }

  await Promise.all(Array.from({ length: LANES }, (_, lane) => recordLane(lane)));
  nodes.close();
  return recorded / ((performance.now() - begun) / 1000);
}

const redis = await startRedis();
const cluster = await startCluster();
for (const runCount of [30, 300])
  for (let turn = 0; turn < TURNS; turn++) {
    const one = await rateOf(redis.url, runCount);
    const three = await rateOf(cluster.urlOfAll, runCount);
    console.log(
      `${runCount} runs: one Redis ${Math.round(one)}/s, three masters ${Math.round(three)}/s: ${(three / one).toFixed(2)} times`,
    );
  }
await cluster.stop();
await redis.stop();
