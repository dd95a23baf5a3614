// Whose work we bring along, and that we may.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COMPATIBLE, FILE, licencesText, productionPackages } from '../scripts/licences.js';

test('the licence of every package that comes along goes with MIT', () => {
  const packages = productionPackages();
  assert.ok(packages.some(({ name }) => name === 'ioredis'));
  assert.deepEqual(
    packages.filter(({ licence }) => !COMPATIBLE.includes(licence)),
    [],
  );
});

test('the list of them is that of what is installed', () => {
  assert.equal(readFileSync(FILE, 'utf8'), licencesText(), 'run: node scripts/licences.js');
});

test('the list comes along with the package', () => {
  const { files } = JSON.parse(readFileSync('package.json', 'utf8'));
  assert.ok(files.includes(FILE));
});
