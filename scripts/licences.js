// Writes THIRD_PARTY_LICENSES.md: whose work comes along when run-progress is installed, or its element embedded.
// A test holds the file to what is installed, and each licence to those that go with MIT.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** They ask for their notice, and for nothing of ours. */
export const COMPATIBLE = ['Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];
/** What the bundled element holds; the rest is installed beside us, with its own licence file. */
const BUNDLED = ['lit', 'lit-element', 'lit-html', '@lit/reactive-element'];
export const FILE = 'THIRD_PARTY_LICENSES.md';

/** @param {string} path */
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Every package that an installation for production brings. */
export function productionPackages() {
  /** @type {[string, { dev?: boolean }][]} */
  const locked = Object.entries(readJson('package-lock.json').packages);
  return locked
    .filter(([path, { dev }]) => path !== '' && !dev)
    .map(([path]) => {
      const { name, license } = readJson(`${path}/package.json`);
      return { path, name: String(name), licence: String(license) };
    });
}

export function licencesText() {
  const packages = productionPackages();
  const names = new Map(packages.map(({ name, licence }) => [name, licence]));
  const rows = [...names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, id]) => `| ${name} | ${id} |`);
  const notices = new Set(
    packages
      .filter(({ name }) => BUNDLED.includes(name))
      .map(({ path }) => readFileSync(`${path}/LICENSE`, 'utf8').trim()),
  );
  return `# Licences of others

run-progress is under the MIT licence (LICENSE). It needs these packages, each under its own licence, which all go with MIT.
Made by \`node scripts/licences.js\`.

| Package | Licence |
|---|---|
${rows.join('\n')}

The bundled element (\`run-progress.js\`) holds Lit, whose licence is:

${[...notices].map((notice) => `\`\`\`text\n${notice}\n\`\`\``).join('\n\n')}
`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(FILE, licencesText());
