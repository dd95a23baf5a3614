// A real nginx before several services, as docs/scaling.md has it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { guideBlock } from '../support/guide.ts';
import { pollUntil } from '../support/poll-until.ts';
import { startProgram } from '../support/program.ts';
import { readiness } from '../support/readiness.ts';
import { freePort } from '../support/redis.ts';

const BLOCK = guideBlock('scaling', 'nginx-instances');
const ROUTED = guideBlock('scaling', 'nginx-routed');

export interface BalancerOptions {
  upstreamPorts: readonly number[];
  /** The readers of a run go to one instance. */
  isRouted: boolean;
}

/** Gives its port, when it passes requests on. Ended with the test. */
export async function startBalancer(t: TestContext, options: BalancerOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-balancer-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  writeFileSync(
    join(folder, 'nginx.conf'),
    `pid ${folder}/pid;
error_log ${folder}/error.log;
worker_processes 1;
worker_rlimit_nofile 20000;
daemon off;
events { worker_connections 16384; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  ${guideServers(port, options)}
}
`,
  );
  const program = startProgram('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder]);
  t.after(() => program.stop('SIGTERM'));
  await pollUntil('nginx', async () => {
    const answer = await readiness(`http://127.0.0.1:${port}`).catch(() => null); // It doesn't listen yet.
    return answer?.ready;
  });
  return port;
}

/** The guide's block with these ports, and as many instances. */
function guideServers(port: number, { upstreamPorts, isRouted }: BalancerOptions): string {
  const instances = [...BLOCK.matchAll(/^ *server 127\.0\.0\.1:\d+ .*\n/gm)].map(([line]) => line);
  assert.ok(instances.length >= upstreamPorts.length);
  return instances
    .reduce(
      (text, line, i) =>
        text.replace(line, upstreamPorts[i] ? line.replace(/:\d+/, `:${upstreamPorts[i]}`) : ''),
      BLOCK,
    )
    .replace('listen 80 ', `listen 127.0.0.1:${port} `)
    .replace('{\n', `{\n${isRouted ? ROUTED : ''}`);
}
