// A Prometheus histogram of times that were counted elsewhere. prom-client's own is too slow to be called for every event.
import { Histogram, type Registry } from 'prom-client';
import { BOUNDS_MS, type LatencyTotals } from '../runs/latency.ts';

export interface LatencyMetricOptions {
  name: string;
  help: string;
  /** What tells the histograms apart. Without it there is one, under ''. */
  label?: string;
  read(): Readonly<Record<string, LatencyTotals>>;
  registry: Registry;
}

/** A class, as prom-client asks for one. */
export class LatencyMetric extends Histogram {
  readonly #options: LatencyMetricOptions;

  constructor(options: LatencyMetricOptions) {
    const { name, help, label, registry } = options;
    super({ name, help, labelNames: label ? [label] : [], registers: [registry] });
    this.#options = options;
  }

  /** What prom-client makes both its text and its JSON from. */
  async getForPromString() {
    const { name, help, label, read } = this.#options;
    const values = Object.entries(read()).flatMap(([value, totals]) =>
      samplesOf(name, label ? { [label]: value } : {}, totals),
    );
    return { name, help, type: 'histogram', aggregator: 'sum', values };
  }
}

/** Buckets are cumulative: each holds those below it. */
function samplesOf(name: string, sharedLabels: Readonly<Record<string, string>>, totals: LatencyTotals) {
  const bounds = [...BOUNDS_MS.map((ms) => ms / 1000), '+Inf'];
  let count = 0;
  const buckets = bounds.map((le, i) => {
    count += totals.counts[i] ?? 0;
    return { metricName: `${name}_bucket`, labels: { le }, sharedLabels, value: count };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: {}, sharedLabels, value: totals.sumMs / 1000 },
    { metricName: `${name}_count`, labels: {}, sharedLabels, value: count },
  ];
}
