// A real nginx as Debian ships it, before a service, with what a test writes into its location.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { pollUntil } from '../support/poll-until.ts';
import { startProgram } from '../support/program.ts';
import { freePort } from '../support/redis.ts';

export interface Nginx {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startNginx(upstreamPort: number, location: string, server = ''): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-nginx-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  // What Debian's nginx.conf says in its http block; the rest is paths.
  writeFileSync(
    join(folder, 'nginx.conf'),
    `pid ${folder}/pid;
error_log ${folder}/error.log;
worker_processes 1;
daemon off;
events { worker_connections 768; }
http {
  sendfile on;
  tcp_nopush on;
  types_hash_max_size 2048;
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log off;
  gzip on;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${upstreamPort};
      ${location}
    }
    ${server}
  }
}
`,
  );
  const program = startProgram('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder]);
  const stop = async () => {
    await program.stop('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await pollUntil('nginx', async () => {
      const answer = await request(`${url}/healthz`).catch(() => null); // It doesn't listen yet.
      await answer?.body.dump();
      return answer !== null && answer.statusCode < 500;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}
