// Starts what was built as platforms do: with nothing in the environment but what they say, as a user who owns nothing,
// as process 1, and where nothing can be written.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { type Program, startProgram } from '../../test/support/program.ts';
import { PATH } from './command.ts';
import type { Built } from './platforms.ts';

/** Whatever process 1 starts ends with it. */
const CONTAINER = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
/** Only root may, and not in every container. */
const canConfine = spawnSync('unshare', [...CONTAINER.slice(1), 'true']).status === 0;

export const CONFINEMENT = canConfine ? 'as nobody, as process 1, all files read-only' : 'as this user';

/** The temporary folder may be a file system of its own, so the place of the service is a mount, too. */
const READ_ONLY =
  'mount --bind "$0" "$0" && mount -o remount,bind,ro / && mount -o remount,bind,ro "$0" && cd "$0" && exec "$@"';
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs'];

export interface Confined {
  program: Program;
  /** As the platform does: process 1 gets it, and nobody else. */
  signal(signal: NodeJS.Signals): void;
}

export function startConfined(
  { folder, command, env }: Built,
  variables: Readonly<Record<string, string>>,
): Confined {
  chmodSync(folder, 0o755);
  const confined = canConfine
    ? [...CONTAINER, 'sh', '-c', READ_ONLY, folder, ...NOBODY, ...command]
    : command;
  const [name = '', ...args] = confined;
  const program = startProgram(name, args, { cwd: folder, env: { PATH, ...env, ...variables } });
  return {
    program,
    signal: (signal) => process.kill(canConfine ? onlyChildOf(program.pid) : program.pid, signal),
  };
}

function onlyChildOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}
