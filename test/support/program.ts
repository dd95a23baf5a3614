// A real program, started by a test and ended with it, whatever happens.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { isWanted, keepLine, keptEnvironment } from './kept-log.ts';
import { createObserved, type Observed } from './observed.ts';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Program {
  readonly pid: number;
  /** What it wrote to stdout and stderr, line by line. All of it is kept, what its log says below the level of `env` too. */
  readonly lines: readonly string[];
  waitForLine<T>(what: string, look: (line: string) => T | undefined | null | false): Promise<T>;
  readonly exited: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
  /** Sends the signal, and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
// How the test runner ends a file that takes too long, and a person a soak: without a listener nothing would be left to
// end what was started, and one that stands still can't end by itself. Whoever listens as well sees to the exit.
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    if (process.listenerCount(signal) === 0) process.exit(1);
  });

export interface ProgramOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** It is a run of tests: what it prints is a report, and what its programs print it searches by itself. */
  isTestRun?: boolean;
}

export function startProgram(
  command: string,
  args: readonly string[],
  { env = process.env, isTestRun = false, ...options }: ProgramOptions = {},
): Program {
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  const child = spawn(command, args, { ...options, env: isTestRun ? env : keptEnvironment(env), stdio });
  running.add(child);
  const lines: string[] = [];
  const observed: Observed = createObserved(() => lines.slice(-20).join('\n'));
  for (const output of [child.stdout, child.stderr])
    createInterface({ input: output }).on('line', (line) => {
      if (!isTestRun) keepLine(line);
      if (!isWanted(line, env)) return;
      lines.push(line);
      observed.changed();
    });
  let exit: Exit | undefined;
  const exited = new Promise<Exit>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      running.delete(child);
      exit = { code, signal };
      observed.changed();
      resolve(exit);
    });
  });
  exited.catch(() => {}); // Reported by whoever waits for it.
  return {
    pid: child.pid ?? 0,
    lines,
    waitForLine: async (what, look) => {
      let next = 0;
      return observed.until(`${what} from ${command}`, () => {
        while (next < lines.length) {
          const found = look(lines[next++] ?? '');
          if (found) return found;
        }
        if (exit) throw new Error(`${command} ended (${exit.code ?? exit.signal}):\n${lines.join('\n')}`);
        return undefined;
      });
    },
    exited,
    kill: (signal) => {
      child.kill(signal);
    },
    stop: async (signal = 'SIGTERM') => {
      if (!exit) child.kill(signal);
      return exited;
    },
  };
}
