// A command that runs as it would without us: its output is passed on byte for byte, signals reach it, its end is told.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { World } from './command.ts';
import type { OutputReport } from './report-output.ts';

export interface CommandEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  error?: NodeJS.ErrnoException;
}

/** Passed on. A terminal sends SIGINT and SIGQUIT to the command as well, so that it would get them twice. */
const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGQUIT'] as const;
const FROM_TERMINAL: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT']);

/** Fulfilled when it has ended and all that it printed has been read, or when it can't be started. */
export function startCommand(
  command: string,
  args: readonly string[],
  { env, stdin, stdout, stderr, signals }: World,
  report: OutputReport,
): Promise<CommandEnd> {
  // Python holds back what it prints into a pipe: its lines would come late, or all at the end.
  const child = spawn(command, args, {
    stdio: ['inherit', 'pipe', 'pipe'],
    env: { PYTHONUNBUFFERED: '1', ...env },
  });
  const passed = SIGNALS.map((name) => {
    const pass = () => {
      if (!FROM_TERMINAL.has(name) || !stdin.isTTY) child.kill(name);
    };
    signals.on(name, pass);
    return () => signals.off(name, pass);
  });
  for (const [source, target] of [[child.stdout, stdout] as const, [child.stderr, stderr] as const]) {
    const lines = report.lines();
    source.on('data', (chunk: Buffer) => lines.push(chunk));
    source.on('end', lines.end);
    source.pipe(target, { end: false });
  }
  return new Promise((resolve) => {
    const end = (result: CommandEnd) => {
      for (const stop of passed) stop();
      resolve(result);
    };
    child.on('error', (error: NodeJS.ErrnoException) => end({ code: null, signal: null, error }));
    child.on('close', (code, signal) => end({ code, signal }));
  });
}

/** As a shell would answer, and why, in words. */
export function endOf({ code, signal, error }: CommandEnd, command: string) {
  if (error) {
    const isMissing = error.code === 'ENOENT';
    const reason = `can not start ${command}: ${isMissing ? 'there is no such command' : error.message}`;
    return { exitCode: isMissing ? 127 : 126, reason, isSpawnError: true };
  }
  if (signal)
    return { exitCode: 128 + constants.signals[signal], reason: `ended by ${signal}`, isSpawnError: false };
  return { exitCode: code ?? 1, reason: `ended with exit code ${code}`, isSpawnError: false };
}
