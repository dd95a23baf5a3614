// Searches what the programs of the tests have printed, the service's log at level trace among it, for every secret that the
// tests used. test/support/kept-log.ts keeps both.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How a token looks, whole or in parts, and where one stands. */
const TOKEN = /eyJ[\w-]{8,}|\b(?:run_progress_)?token=[\w%.-]+|\bBearer [\w.-]+/i;
/** Base64url: what a part of a token consists of. */
const WORD = /[\w-]{20,}/g;

/**
 * @typedef {object} Found
 * @property {number} line From 1 on.
 * @property {string} what The secret, or what looks like one.
 */

/**
 * Secrets in a log: as they are, as JSON and URLs write them, and of tokens each part. A claim alone tells who somebody is.
 * @param {string} log
 * @param {readonly string[]} secrets
 * @returns {Found[]}
 */
export function secretsIn(log, secrets) {
  const isToken = (/** @type {string} */ secret) => /^[\w-]+\.[\w-]*\.[\w-]*$/.test(secret);
  // Of tokens there are thousands: they are looked up, not searched for.
  const parts = new Set(secrets.filter(isToken).flatMap((token) => token.split('.')));
  const spellings = secrets
    .filter((secret) => !isToken(secret))
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
  return log.split('\n').flatMap((text, i) => {
    const what =
      spellings.find((spelling) => text.includes(spelling)) ??
      TOKEN.exec(text)?.[0] ??
      text.match(WORD)?.find((word) => parts.has(word));
    return what === undefined ? [] : [{ line: i + 1, what }];
  });
}

/**
 * All files of a folder.
 * @param {string} folder
 */
export function searchKeptLogs(folder) {
  const read = (/** @type {string} */ file) => readFileSync(join(folder, file), 'utf8');
  const files = readdirSync(folder);
  const secrets = new Set(
    files
      .filter((file) => file.endsWith('.secrets'))
      .flatMap((file) =>
        read(file)
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      ),
  );
  const logs = files.filter((file) => file.endsWith('.log'));
  let lineCount = 0;
  const found = logs.flatMap((file) => {
    const log = read(file);
    lineCount += log.split('\n').length - 1;
    return secretsIn(log, [...secrets]).map((one) => ({ file: join(folder, file), ...one }));
  });
  return { found, lineCount, secretCount: secrets.size };
}
