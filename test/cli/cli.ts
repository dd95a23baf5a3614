// `run-progress` as a program: what it prints, and how it ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { keepLine, keptEnvironment } from '../support/kept-log.ts';
import { createObserved } from '../support/observed.ts';

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Cli {
  readonly pid: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What stdin gets; `end` closes it. */
  readonly stdin: NodeJS.WritableStream;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  /** Fulfilled when stdout and stderr together hold it. */
  untilPrinted(what: RegExp): Promise<RegExpExecArray>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** `env` is all of its environment, beside PATH. */
export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}): Cli {
  const child = spawn(process.execPath, ['dist/cli.js', ...args], {
    env: keptEnvironment({ PATH: process.env.PATH, ...env }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  running.add(child);
  // To print a token is what `token` is for.
  if (args[0] !== 'token')
    for (const output of [child.stdout, child.stderr])
      createInterface({ input: output }).on('line', keepLine);
  const printed = { stdout: '', stderr: '' };
  let hasEnded = false;
  const observed = createObserved(() => `${printed.stdout}\n${printed.stderr}`);
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text;
      observed.changed();
    });
  // A program that reads no stdin may be gone before it has all.
  child.stdin.on('error', () => {});
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      hasEnded = true;
      running.delete(child);
      observed.changed();
      resolve({ code, signal, ...printed });
    });
  });
  return {
    pid: child.pid ?? 0,
    get stdout() {
      return printed.stdout;
    },
    get stderr() {
      return printed.stderr;
    },
    stdin: child.stdin,
    ended,
    kill: (signal) => {
      child.kill(signal);
    },
    untilPrinted: (what) =>
      observed.until(String(what), () => {
        const found = what.exec(`${printed.stdout}\n${printed.stderr}`);
        if (found === null && hasEnded)
          throw new Error(`it ended without ${what}:\n${printed.stdout}\n${printed.stderr}`);
        return found;
      }),
  };
}

/** To its end, with `input` on stdin. */
export function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = '',
): Promise<Ended> {
  const cli = startCli(args, env);
  cli.stdin.end(input);
  return cli.ended;
}
