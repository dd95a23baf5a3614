// How each platform makes something that runs of the committed tree. The command lines are those of the platforms' own
// files (Procfile, render.yaml, Dockerfile), so that these are tried and not a copy.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { buildImage } from './dockerfile.ts';
import type { Step } from './steps.ts';

export interface Built {
  folder: string;
  /** As the platform starts it. */
  command: readonly string[];
  /** Beside PATH, PORT and REDIS_URL: all of its environment. */
  env: Readonly<Record<string, string>>;
}

interface Platform {
  name: string;
  /** Undefined when a step failed. */
  build(folder: string, step: Step): Promise<Built | undefined>;
}

/** Heroku's is bash, which starts a single command in its own place. */
const BASH = '/bin/bash';
const YARN = 'npx --yes yarn@1';
const PNPM = 'npx --yes pnpm@10';

/** The value of a line `name: value`, as Procfile and render.yaml have them. */
function textOf(name: string, path: string): string {
  const value = new RegExp(`^\\s*${name}: (.+)$`, 'm').exec(readFileSync(path, 'utf8'))?.[1];
  if (value === undefined) throw new Error(`${path} has no ${name}`);
  return value;
}

/** Does the commands one after another; the result is what lies in the folder then. */
function byCommands(
  commands: readonly (string | { what: string; of: (folder: string) => string })[],
  start: (folder: string) => string,
  env: Readonly<Record<string, string>> = {},
  shell = '/bin/sh',
): Platform['build'] {
  return async (folder, step) => {
    for (const one of commands) {
      const command = typeof one === 'string' ? one : one.of(folder);
      if (!(await step(command, () => run(command, folder, env)))) return undefined;
    }
    return { folder, command: [shell, '-c', start(folder)], env };
  };
}

const inBlueprint = (name: string) => (folder: string) => textOf(name, join(folder, 'render.yaml'));

/** The package as it would be published, in a project of somebody else. */
async function buildPackage(folder: string, step: Step): Promise<Built | undefined> {
  const user = join(folder, 'user');
  const commands = [
    ['npm ci', folder],
    ['mkdir user && npm pack --pack-destination user', folder],
    ['npm init --yes && npm install --omit=dev ./run-progress-*.tgz', user],
  ] as const;
  for (const [command, place] of commands)
    if (!(await step(command, () => run(command, place)))) return undefined;
  return {
    folder: user,
    command: ['node_modules/.bin/run-progress', 'serve'],
    env: {},
  };
}

export const PLATFORMS: readonly Platform[] = [
  {
    name: 'heroku',
    build: byCommands(
      // Its build pack runs `heroku-postbuild` where a package has it, and `build` else.
      ['npm ci --include=dev', 'npm run heroku-postbuild --if-present', 'npm run build', 'npm prune'],
      (folder) => textOf('web', join(folder, 'Procfile')),
      { NODE_ENV: 'production' },
      BASH,
    ),
  },
  {
    name: 'render',
    build: byCommands(
      [{ what: 'buildCommand', of: inBlueprint('buildCommand') }],
      inBlueprint('startCommand'),
      { NODE_ENV: 'production' },
    ),
  },
  { name: 'docker', build: buildImage },
  { name: 'package', build: buildPackage },
  {
    name: 'yarn',
    build: byCommands(
      [
        `${YARN} install --non-interactive`,
        `${YARN} install --production --ignore-scripts --non-interactive`,
      ],
      () => 'exec node dist/main.js',
    ),
  },
  {
    name: 'pnpm',
    build: byCommands([`${PNPM} install`, `CI=1 ${PNPM} prune --prod`], () => 'exec node dist/main.js'),
  },
];
