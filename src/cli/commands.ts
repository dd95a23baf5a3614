// The commands of `run-progress`. Each is loaded when it is called, so that none waits for what another one needs.
import type { Command } from './command.ts';

export interface CommandEntry {
  readonly summary: string;
  load(): Promise<Command>;
}

export const COMMANDS: ReadonlyMap<string, CommandEntry> = new Map([
  entry('watch', 'follow runs, and end as they end', async () => (await import('./watch.ts')).watch),
  entry('exec', 'run a command and report its output as a run', async () => (await import('./exec.ts')).exec),
  entry(
    'publish',
    'report an update, or lines from stdin',
    async () => (await import('./publish.ts')).publish,
  ),
  entry('serve', 'start the service', async () => (await import('./serve.ts')).serve),
  entry('token', 'make a token for readers or publishers', async () => (await import('./token.ts')).token),
  entry('doctor', 'find out what is wrong between readers and the service', async () => {
    return (await import('./doctor.ts')).doctor;
  }),
  entry('demo', 'publish a made-up run', async () => (await import('./demo.ts')).demo),
  entry('completion', 'print the completion script for bash or zsh', async () => {
    return (await import('./completion.ts')).completion;
  }),
]);

function entry(name: string, summary: string, load: () => Promise<Command>): [string, CommandEntry] {
  return [name, { summary, load }];
}
