#!/usr/bin/env node
// The command `run-progress`: finds the command that is called, and turns what happens to it into an exit code.
import { createRequire } from 'node:module';
import { UsageError, type World } from './command.ts';
import { COMMANDS } from './commands.ts';
import { EXIT } from './exit-code.ts';

const world: World = {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signals: process,
};

// Where the reader of a pipe has gone (`| head`) nobody is left to write for: what a shell makes of SIGPIPE.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(141);
});

const [name = '--help', ...args] = process.argv.slice(2);
process.exitCode = await main(name, args);
// Sockets that linger, a pooled connection say, must not keep a finished command running.
if (name !== 'serve') process.stdout.write('', () => process.exit());

async function main(name: string, args: readonly string[]): Promise<number> {
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${version()}\n`);
    return EXIT.ok;
  }
  const isHelp = name === '--help' || name === '-h' || name === 'help';
  const command = await COMMANDS.get(isHelp ? (args[0] ?? '') : name)?.load();
  if (command === undefined) return overview(isHelp ? args[0] : name);
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  if (isHelp || own.includes('--help') || own.includes('-h')) {
    process.stdout.write(command.usage);
    return EXIT.ok;
  }
  try {
    return await command.run(args, world);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`run-progress ${name}: ${error.message}\nSee: run-progress ${name} --help\n`);
    return EXIT.usage;
  }
}

function overview(unknown: string | undefined): number {
  const lines = [...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}\n`);
  const text = `Usage: run-progress COMMAND …

${lines.join('')}
  run-progress COMMAND --help   options and examples
  run-progress --version
`;
  if (unknown === undefined) process.stdout.write(text);
  else process.stderr.write(`run-progress: there is no command "${unknown}"\n\n${text}`);
  return unknown === undefined ? EXIT.ok : EXIT.usage;
}

function version(): string {
  return createRequire(import.meta.url)('../package.json').version;
}
