// Where the figures were measured, and which process runs on which core.
import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, type } from 'node:os';

export interface Machine {
  /**
   * Every thread of the process: a server that shares its core with the load generator is measured with it. Does nothing
   * with one core, or without `taskset`.
   */
  pin(pid: number, core: number): void;
  /** One line: processor, system, versions. */
  readonly description: string;
}

/** Throws Error without a redis-server. */
export function createMachine(): Machine {
  const redis = redisVersion();
  const cores = availableParallelism();
  const canRunOn = (core: number) => spawnSync('taskset', ['-c', String(core), 'true']).status === 0;
  const canPin = cores >= 2 && canRunOn(0) && canRunOn(1);
  return {
    pin: (pid, core) => {
      if (canPin) spawnSync('taskset', ['-a', '-c', '-p', String(core), String(pid)]);
    },
    // Now, before there is any load of our own.
    description: [
      cpus()[0]?.model.trim() || 'unknown processor',
      `${cores} cores (${canPin ? 'the server on one, the rest on another' : 'shared by all'})`,
      `others' load before: ${(loadavg()[0] ?? 0).toFixed(1)}`,
      `${type()} ${release()}`,
      `Node ${process.versions.node}`,
      `Redis ${redis}`,
    ].join('; '),
  };
}

function redisVersion(): string {
  const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  const version = /v=(\S+)/.exec(stdout ?? '')?.[1];
  if (!version) throw new Error('there is no redis-server: node scripts/setup.js redis-server');
  return version;
}
