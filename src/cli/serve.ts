// `run-progress serve`: what `npm start` does. main.ts runs by being imported.
import { type Command, UsageError } from './command.ts';

export const serve: Command = {
  usage: `Usage: run-progress serve

Starts the service, as npm start does. It is configured by its environment:
PORT, HOST, REDIS_URL, PROGRESS_SECRET and so on; without REDIS_URL runs are kept
in memory, for this one process.

  run-progress serve
  PORT=9000 REDIS_URL=redis://localhost:6379 run-progress serve
`,
  run: async (args) => {
    if (args.length > 0)
      throw new UsageError(`takes no arguments: set the environment instead of ${args[0]}`);
    await import('../main.ts');
    return 0;
  },
};
