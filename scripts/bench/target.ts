// The servers that are measured: the built service, and its two opponents. Each runs alone, for one turn.
import { readFileSync } from 'node:fs';
import { type Program, startProgram } from '../../test/support/program.ts';
import { untilReady } from '../../test/support/readiness.ts';
import type { Protocol, TargetName } from './turn.ts';

export interface Target {
  readonly pid: number;
  readonly port: number;
  /** Rejected if it ends before `stop`. */
  readonly ended: Promise<never>;
  stop(): Promise<void>;
}

export interface TargetKind {
  command: readonly string[];
  protocol: Protocol;
  hasReplay: boolean;
}

export const TARGETS: Readonly<Record<TargetName, TargetKind>> = {
  service: { command: procfileCommand(), protocol: 'HTTP/1.1', hasReplay: true },
  unchunked: { command: procfileCommand(), protocol: 'HTTP/1.0', hasReplay: true },
  naive: { command: ['node', 'scripts/bench/naive-server.js'], protocol: 'HTTP/1.1', hasReplay: false },
  ws: { command: ['node', 'scripts/bench/ws-server.js'], protocol: 'WebSocket', hasReplay: false },
};

export function runPath({ protocol }: TargetKind, runId: string): string {
  return protocol === 'WebSocket' ? `/ws/${runId}` : `/api/runs/${runId}/events`;
}

export interface TargetOptions {
  redisUrl: string;
  maxConnections: number;
}

/** Fulfilled when it has subscribed and listens, on a port of its own. */
export async function startTarget(name: TargetName, options: TargetOptions): Promise<Target> {
  const [command = '', ...args] = TARGETS[name].command;
  // The Node that runs this, whatever PATH says.
  const program = startProgram(command === 'node' ? process.execPath : command, args, {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: '0',
      REDIS_URL: options.redisUrl,
      MAX_CONNECTIONS: String(options.maxConnections),
    },
  });
  try {
    const port = await program.waitForLine('"listening"', portIn);
    if (TARGETS[name].hasReplay) await untilReady(`http://127.0.0.1:${port}`);
    return running(name, program, port);
  } catch (error) {
    await program.stop('SIGKILL');
    throw error;
  }
}

function running(name: TargetName, program: Program, port: number): Target {
  const ended = program.exited.then(({ code, signal }): never => {
    const said = program.lines.slice(-10).join('\n');
    throw new Error(`the ${name} server ended by itself (${code ?? signal}):\n${said}`);
  });
  ended.catch(() => {}); // Reported by the turn that waits for it.
  return {
    pid: program.pid,
    port,
    ended,
    stop: async () => {
      await program.stop('SIGKILL');
    },
  };
}

function procfileCommand(): string[] {
  const command = /^web: (.+)$/m.exec(readFileSync('Procfile', 'utf8'))?.[1];
  if (!command) throw new Error('Procfile names no command for "web"');
  return command.trim().split(/\s+/);
}

function portIn(line: string): number | undefined {
  const port = /listening on http:\/\/[^:]+:(\d+)/.exec(line)?.[1];
  return port === undefined ? undefined : Number(port);
}
