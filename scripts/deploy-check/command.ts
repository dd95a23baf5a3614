// Runs a command line of a platform, quietly unless it fails.
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';

/** This very Node, and what the system has. */
export const PATH = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
const MAX_OUTPUT = 3000;

/** In a shell. Fulfilled with what it wrote; throws Error with the end of that. */
export function run(command: string, cwd: string, env: Readonly<Record<string, string>> = {}): string {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd,
    env: { ...withoutNpm(process.env), PATH, ...env },
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
  if (status !== 0) throw new Error(`${command}\n${`${stdout}${stderr}`.slice(-MAX_OUTPUT)}`);
  return stdout;
}

/** `npm run` tells its children where it runs and how, which is not where and how they shall. */
function withoutNpm(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const own = /^(npm_|NODE_ENV$|NODE_OPTIONS$|NODE_TEST_CONTEXT$|INIT_CWD$)/i;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !own.test(name)));
}
