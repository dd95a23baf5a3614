// Runs the tests: npm test [-- part-of-a-file-name… --test-name-pattern=…]
// Files named *.long.test.ts take minutes, or programs that a desk doesn't have: `npm run test:all` runs those.
// At the end it searches what the services have logged: no secret of the tests may stand there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { searchKeptLogs } from './kept-logs.js';

const args = process.argv.slice(2);
const isLong = args.includes('--long');
const options = args.filter((arg) => arg.startsWith('-') && arg !== '--long');
const filters = args.filter((arg) => !arg.startsWith('-'));
const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && file.endsWith('.long.test.ts') === isLong)
  .map((file) => `test/${file}`)
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .sort();
if (files.length === 0) {
  console.error(`No test file matches ${filters.join(', ')}.`);
  process.exit(1);
}

// Tests wait for other processes half of their time: three files on two cores keep the cores busy. Each long test starts
// enough processes to do so alone.
const concurrency = isLong ? 1 : Math.min(Math.ceil(availableParallelism() * 1.5), 6);
const logs = mkdtempSync(join(tmpdir(), 'run-progress-logs-'));
const fuzzMs = Number(process.env.FUZZ_SECONDS ?? 0) * 1000;
const tests = spawn(
  process.execPath,
  [
    '--import',
    'tsx',
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${concurrency}`,
    // Every wait in a test has its own deadline: this one is for what hangs all the same.
    `--test-timeout=${(isLong ? 1_200_000 : 400_000) + fuzzMs}`,
    ...options,
    ...files,
  ],
  { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, KEPT_LOGS: logs } },
);
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
  process.on(signal, () => tests.kill(signal));
// What goes wrong after its test has ended fails the file, and is told only where it happened.
/** @type {string[]} */
const lateErrors = [];
createInterface({ input: tests.stdout }).on('line', (line) => {
  if (line.includes('generated asynchronous activity after the test ended')) lateErrors.push(line);
  // The closing lines as TAP writes them, "# tests 12": machines look for those.
  console.log(line.replace(/^ℹ /, '# '));
});
const [code, signal] = await once(tests, 'close');
for (const line of lateErrors) console.error(line);
const isClean = signal !== null || areLogsClean();
if (isClean) rmSync(logs, { recursive: true });
process.exit(signal || !isClean ? 1 : code);

function areLogsClean() {
  const { found, lineCount, secretCount } = searchKeptLogs(logs);
  for (const { file, line, what } of found) console.error(`A secret in a log: ${file}:${line}: ${what}`);
  console.log(`# searched ${lineCount} lines of logs for ${secretCount} secrets, found ${found.length}`);
  // With all tests it is the search that fails, if it has nothing to search.
  const isEmpty = filters.length === 0 && options.length === 0 && (lineCount === 0 || secretCount === 0);
  if (isEmpty) console.error('No log was kept, or no secret: see test/support/kept-log.ts');
  return found.length === 0 && !isEmpty;
}
