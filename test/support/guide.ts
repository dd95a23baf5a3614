// The blocks of a guide that tests run as they stand there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/** The code under `<!-- tested: NAME -->` in `docs/GUIDE.md`. */
export function guideBlock(guide: string, name: string): string {
  const text = readFileSync(new URL(`../../docs/${guide}.md`, import.meta.url), 'utf8');
  const block = new RegExp(`<!-- tested: ${name} -->\n\`\`\`\\w+\n(.*?)\`\`\``, 's').exec(text)?.[1];
  assert.ok(block, `docs/${guide}.md has no block "${name}"`);
  return block;
}
