// A real proxy before a service, set up by a block of docs/proxies.md as it stands there, but for ports and paths.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guideBlock } from '../support/guide.ts';
import { pollUntil } from '../support/poll-until.ts';
import { type Program, startProgram } from '../support/program.ts';
import { freePort } from '../support/redis.ts';
import { askWhole, createFrontClient } from './front-client.ts';

/** Where a proxy of a test is, and what it is before. */
export interface Place {
  /** Its own, for whatever it writes. */
  readonly folder: string;
  readonly port: number;
  readonly servicePort: number;
  /** After so much silence it cuts a connection. */
  readonly timeoutSeconds: number;
  /** PEM files; `both` has the certificate and the key. */
  readonly certificate: string;
  readonly key: string;
  readonly both: string;
}

export interface Recipe {
  readonly name: string;
  readonly hasTls: boolean;
  readonly hasHttp2: boolean;
  /** Prints its version, of which the first two numbers are told. */
  readonly versionCommand: readonly [string, ...string[]];
  /** From texts of the guide's block to what a test has in their place. Each must be in the block. */
  swaps(place: Place): readonly (readonly [string, string])[];
  /** Its whole configuration, with compression on for all that it can compress, and with the block in its place. */
  around(block: string, place: Place): string;
  command(file: string, place: Place): readonly [string, ...string[]];
}

export interface Front {
  /** Without a slash at its end. */
  readonly url: string;
  /** The path of what it shows, for who has to trust it. */
  readonly certificate: string;
  readonly program: Program;
  stop(): Promise<void>;
}

let certificate: Pick<Place, 'certificate' | 'key' | 'both'> | undefined;

/** One for all proxies of the process. */
function makeCertificate() {
  if (certificate) return certificate;
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-tls-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const made = {
    certificate: join(folder, 'certificate.pem'),
    key: join(folder, 'key.pem'),
    both: join(folder, 'both.pem'),
  };
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const output = ['-days', '2', '-keyout', made.key, '-out', made.certificate];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject, ...output], {
    stdio: 'ignore',
  });
  writeFileSync(made.both, `${readFileSync(made.certificate, 'utf8')}${readFileSync(made.key, 'utf8')}`);
  certificate = made;
  return made;
}

/** `edit` is what the guide tells a reader to change in the block. */
export async function startFront(
  recipe: Recipe,
  servicePort: number,
  { block = recipe.name, edit = (text: string) => text, timeoutSeconds = 75 } = {},
): Promise<Front> {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-proxy-'));
  const place: Place = { folder, port: await freePort(), servicePort, timeoutSeconds, ...makeCertificate() };
  const text = recipe.swaps(place).reduce(
    (before, [from, to]) => {
      assert.ok(before.includes(from), `the block "${block}" of docs/proxies.md has no "${from}"`);
      return before.replaceAll(from, to);
    },
    edit(guideBlock('proxies', block)),
  );
  const file = join(folder, 'configuration');
  const configuration = recipe.around(text, place);
  writeFileSync(file, configuration);
  const [command, ...args] = recipe.command(file, place);
  const program = startProgram(command, args, { env: { PATH: '/usr/sbin:/usr/bin:/bin', HOME: folder } });
  const stop = async () => {
    await program.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `${recipe.hasTls ? 'https' : 'http'}://127.0.0.1:${place.port}`;
  const client = createFrontClient(url, '1.1');
  // Before it listens there is no answer.
  let hasEnded = false;
  void program.exited.finally(() => {
    hasEnded = true;
  });
  try {
    await pollUntil(`${recipe.name} at ${url}`, async () => {
      assert.ok(!hasEnded, `${recipe.name} has ended`);
      return askWhole(client, '/').catch(() => null);
    });
  } catch (error) {
    await stop();
    throw new Error(`${error}\n${configuration}\n${program.lines.join('\n')}`);
  }
  return { url, certificate: place.certificate, program, stop };
}

/** '1.22' */
export function versionOf({ versionCommand: [command, ...args] }: Recipe): string {
  const output = execFileSync('/bin/sh', ['-c', '"$0" "$@" 2>&1', command, ...args], {
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/usr/bin:/bin' },
  });
  const version = /(\d+\.\d+)\.\d/.exec(output)?.[1];
  assert.ok(version, `${command} names no version: ${output}`);
  return version;
}
