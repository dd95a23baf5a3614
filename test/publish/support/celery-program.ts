// A real Celery worker, with an app of this folder.
import assert from 'node:assert/strict';
import { type Program, startProgram } from '../../support/program.ts';
import { PUBLISHER, SUPPORT, spawnPython, whenEnded } from './python.ts';

export interface CeleryProgram extends Program {
  /** Calls a function of the app, in a process of its own. */
  run(call: string): Promise<void>;
}

/** `args` beside those that every worker has, as '--pool=solo'. Fulfilled when it takes tasks. */
export async function startCeleryProgram(
  app: string,
  environment: Record<string, string>,
  args: readonly string[],
): Promise<CeleryProgram> {
  const program = startProgram(
    '/usr/bin/python3',
    ['-m', 'celery', '-A', app, 'worker', '--loglevel=INFO', ...args],
    {
      cwd: SUPPORT,
      env: { ...process.env, ...environment, PYTHONPATH: PUBLISHER, PYTHONDONTWRITEBYTECODE: '1' },
    },
  );
  await program.waitForLine('"ready"', (line) => /ready\.$/.test(line));
  return {
    ...program,
    run: async (call) => {
      const { code, stderr } = await whenEnded(
        spawnPython(['-c', `import ${app}; ${app}.${call}`], environment),
      );
      assert.equal(code, 0, stderr);
    },
  };
}
