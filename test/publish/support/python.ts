// Real Python processes: the one that has redis-py and Celery, with the publisher on its path.
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const SUPPORT = fileURLToPath(new URL('.', import.meta.url));
export const PUBLISHER = fileURLToPath(new URL('../../../src/publish/', import.meta.url));

/** Debian's packages are for Debian's Python, which need not be the first on the path. Throws where there is none. */
function findPython(): string {
  const candidates = [process.env.PYTHON, 'python3', '/usr/bin/python3'];
  for (const candidate of candidates) {
    if (!candidate) continue;
    try {
      execFileSync(candidate, ['-c', 'import redis, celery'], { stdio: 'ignore' });
      return candidate;
    } catch {
      // It isn't there, or lacks a package: the next one.
    }
  }
  throw new Error('no Python with redis-py and Celery: apt-get install python3-redis python3-celery');
}

let python: string | undefined;

/** Runs a script of this folder, or a module (`-m celery …`). */
export function spawnPython(
  args: readonly string[],
  environment: Record<string, string> = {},
): ChildProcessWithoutNullStreams {
  python ??= findPython();
  return spawn(python, args, {
    cwd: SUPPORT,
    env: {
      ...process.env,
      PYTHONPATH: `${PUBLISHER}:${SUPPORT}`,
      PYTHONDONTWRITEBYTECODE: '1',
      ...environment,
    },
  });
}

export interface PythonResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** What it has written when it has ended. */
export function whenEnded(child: ChildProcessWithoutNullStreams): Promise<PythonResult> {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
