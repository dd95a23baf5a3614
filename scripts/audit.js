// Asks the registry for advisories against what an installation for production brings. Fails where there are some. A
// registry that answers nothing (a mirror, no network) is said aloud, and fails nothing: it tells nothing of our packages.
import { spawnSync } from 'node:child_process';

const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8' });
if (error) throw error;
const answer = reportIn(stdout);
if (answer.vulnerabilities === undefined) {
  console.log(`Advisories were NOT looked at: ${answer.message ?? 'npm audit gave no report'}`);
  process.exit(0);
}
const found = Object.values(answer.vulnerabilities);
for (const { name, severity, range } of found) console.error(`${severity}: ${name} ${range}`);
console.log(`${found.length} packages with known advisories.`);
process.exit(found.length === 0 ? 0 : 1);

/**
 * @param {string} text
 * @returns {{ message?: string, vulnerabilities?: Record<string, { name: string, severity: string, range: string }> }}
 */
function reportIn(text) {
  try {
    return JSON.parse(text);
  } catch {
    // A SyntaxError: npm itself failed.
    return {};
  }
}
