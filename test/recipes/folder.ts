// A folder with the files of a recipe in it, as somebody has them who follows the recipe.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';

/** Removed after the test. `packages` are npm's: "run-progress" is this one. */
export function recipeFolder(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  packages: readonly string[] = [],
): string {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  // nginx's workers read it as another user.
  chmodSync(folder, 0o755);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, 'node_modules'));
  for (const name of packages)
    symlinkSync(
      resolve(name === 'run-progress' ? '.' : `node_modules/${name}`),
      join(folder, 'node_modules', name),
    );
  return folder;
}
