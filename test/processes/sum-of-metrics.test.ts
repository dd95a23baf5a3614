// The metrics of several processes as those of one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter, Gauge, Registry } from 'prom-client';
import { createSumOfMetrics } from '../../src/processes/sum-of-metrics.ts';

function createProcess(delivered: number, open: number) {
  const registry = new Registry();
  new Counter({ name: 'delivered', help: 'h', registers: [registry] }).inc(delivered);
  new Gauge({ name: 'open', help: 'h', registers: [registry] }).set(open);
  return registry;
}

async function values(text: Promise<string>) {
  return (await text).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('counters and gauges are added; of a process that has ended the counters stay', async () => {
  const sum = createSumOfMetrics();
  sum.add(() => createProcess(10, 1).getMetricsAsJSON());
  const retire = sum.add(() => createProcess(32, 2).getMetricsAsJSON());
  assert.deepEqual(await values(sum.text()), ['delivered 42', 'open 3']);
  retire();
  assert.deepEqual(await values(sum.text()), ['delivered 42', 'open 1']);
  const retireNext = sum.add(() => createProcess(8, 5).getMetricsAsJSON());
  assert.deepEqual(await values(sum.text()), ['delivered 50', 'open 6']);
  retireNext();
  assert.deepEqual(await values(sum.text()), ['delivered 50', 'open 1']);
});

test('a process that gives no answer counts as it last did', async () => {
  const sum = createSumOfMetrics(1);
  const first = createProcess(1, 1).getMetricsAsJSON();
  const answers = [first, new Promise<never>(() => {})];
  sum.add(() => answers.shift() ?? first);
  assert.deepEqual(await values(sum.text()), ['delivered 1', 'open 1']);
  assert.deepEqual(await values(sum.text()), ['delivered 1', 'open 1']);
});
