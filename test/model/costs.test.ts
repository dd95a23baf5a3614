// The model of scripts/model: what it finds in trials, and what it predicts from that.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Figures, fit, predict, type Trial } from '../../scripts/model/costs.ts';
import { type Load, loadOf, type Shape } from '../../scripts/model/shape.ts';

const SHAPE: Shape = { readers: 100, runs: 10, updates: 5, processes: 1, isRouted: false, isRaw: true };

/** As if each thing had exactly this cost. */
function figuresOf(load: Load): Figures {
  const redis = 30 * load.updates + 2 * load.announced + 15 * load.heard;
  return {
    connectCpuUs: 200 * load.readers + 300 * load.openings + 100 * load.handed,
    connectBytes: 4000 * load.readers + 5000 * load.openings,
    publishCpuUs: 14 * load.deliveries + 60 * load.announced + 50 * load.heard,
    keptBytes: 600 * load.announced + 10 * load.readers,
    redisCpuUs: redis,
    redisInBytes: redis,
    redisOutBytes: 30 * load.updates + 15 * load.heard,
  };
}

const trials: Trial[] = [
  { ...SHAPE, isRaw: false },
  { ...SHAPE, runs: 100 },
  { ...SHAPE, processes: 3, isRaw: false },
  { ...SHAPE, processes: 4 },
].map((shape) => ({ load: loadOf(shape), figures: figuresOf(loadOf(shape)) }));

test('costs are found in trials, and foretell another size', () => {
  const costs = fit(trials);
  const load = loadOf({ ...SHAPE, readers: 5000, runs: 700, processes: 2 });
  for (const [figure, value] of Object.entries(figuresOf(load)))
    assert.ok(Math.abs(predict(costs, load, figure as keyof Figures) / value - 1) < 1e-6, figure);
});

test('what costs less than nothing by the noise of a trial costs nothing', () => {
  const noisy = trials.map(({ load, figures }) => ({
    load,
    figures: { ...figures, redisOutBytes: 30 * load.updates - load.announced / 10 },
  }));
  assert.ok(Object.values(fit(noisy).redisOutBytes).every((cost) => cost >= 0));
});

test('a run is open in as many processes as its readers have come to', () => {
  assert.equal(loadOf({ ...SHAPE, processes: 4, isRouted: true }).openings, 10);
  assert.equal(loadOf({ ...SHAPE, readers: 10, processes: 4 }).openings, 10);
  const many = loadOf({ ...SHAPE, readers: 10_000, processes: 4 }).openings;
  assert.ok(Math.abs(many - 40) < 1e-6);
});
