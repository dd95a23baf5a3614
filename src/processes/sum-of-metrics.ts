// The metrics of several processes as those of one. Counters never go down: what a process has counted stays when it ends.
import { AggregatorRegistry, type Registry } from 'prom-client';
import { within } from '../runs/within.ts';

export type Report = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

export interface SumOfMetrics {
  /** To be called when the process has ended: what it last reported is counted on. */
  add(report: () => Promise<Report>): () => void;
  /** In Prometheus' text format. A process that does not report in time counts with its last report. */
  text(): Promise<string>;
}

interface Member {
  report(): Promise<Report>;
  last: Report;
}

/** A process that is stopped must not cost a scrape: Prometheus waits for ten seconds by default. */
const REPORT_MS = 2000;

export function createSumOfMetrics(reportMs = REPORT_MS): SumOfMetrics {
  const members = new Set<Member>();
  /** Of all that have ended, together. */
  let retired: object[] = [];

  async function ask(member: Member) {
    const report = await within(reportMs, member.report());
    if (report) member.last = report;
  }

  return {
    add: (report) => {
      const member: Member = { report, last: [] };
      members.add(member);
      return () => {
        members.delete(member);
        const counted = member.last.filter(({ type }) => ['counter', 'histogram'].includes(String(type)));
        retired = AggregatorRegistry.aggregate([retired, counted]).getMetricsAsArray();
      };
    },
    text: async () => {
      await Promise.all([...members].map(ask));
      // Those that are members still: one that has ended meanwhile is in `retired`.
      return AggregatorRegistry.aggregate([retired, ...[...members].map(({ last }) => last)]).metrics();
    },
  };
}
