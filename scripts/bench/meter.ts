// What a server uses from now on, and how busy the load generator is meanwhile.
import { nowUs } from './mark.ts';
import { difference, readUsage } from './usage.ts';

export interface Meter {
  readonly startedUs: number;
  /** Looks at the server's memory, for its peak. */
  look(): void;
  stop(): Measured;
}

export interface Measured {
  cpuUs: number | null;
  /** The peak of all looks, above what it was at the start. */
  growthMegabytes: number | null;
  /** Share of one core. */
  generatorLoad: number;
}

export function startMeter(pid: number): Meter {
  const startedUs = nowUs();
  const own = process.cpuUsage();
  const before = readUsage(pid);
  let peak = before.rssBytes;
  const look = () => {
    const { cpuUs, rssBytes } = readUsage(pid);
    if (rssBytes !== null) peak = Math.max(rssBytes, peak ?? 0);
    return cpuUs;
  };
  return {
    startedUs,
    look,
    stop: () => {
      const cpuUs = difference(before.cpuUs, look());
      const growthBytes = difference(before.rssBytes, peak);
      const { user, system } = process.cpuUsage(own);
      return {
        cpuUs,
        growthMegabytes: growthBytes === null ? null : growthBytes / 1e6,
        generatorLoad: (user + system) / (nowUs() - startedUs),
      };
    },
  };
}
