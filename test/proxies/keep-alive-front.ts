// nginx or HAProxy that keep their connections to the service, and use them for any client. They pass on as much as they can
// be made to, but for a run that is hidden.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { pollUntil } from '../support/poll-until.ts';
import { startProgram } from '../support/program.ts';
import { freePort } from '../support/redis.ts';
import { nginxBegin } from './recipes.ts';

export interface KeepAliveFront {
  readonly port: number;
  stop(): Promise<void>;
}

interface Place {
  port: number;
  servicePort: number;
  folder: string;
}

interface Proxy {
  configuration(place: Place): string;
  command(file: string, place: Place): readonly [string, ...string[]];
}

export const nginx: Proxy = {
  configuration: ({ port, servicePort, folder }) => `${nginxBegin(folder)}  ignore_invalid_headers off;
  underscores_in_headers on;
  merge_slashes off;
  client_max_body_size 0;
  map $http_upgrade $connection_upgrade {
    default upgrade;
    '' '';
  }
  upstream progress {
    server 127.0.0.1:${servicePort};
    keepalive 8;
  }
  server {
    listen 127.0.0.1:${port};
    location /api/runs/hidden { return 403; }
    location / {
      proxy_pass http://progress;
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}
`,
  command: (file, { folder }) => ['nginx', '-c', file, '-p', folder],
};

export const haproxy: Proxy = {
  configuration: ({ port, servicePort }) => `global
  nbthread 1
defaults
  mode http
  option accept-invalid-http-request
  option http-keep-alive
  timeout connect 5s
  timeout client 75s
  timeout server 75s
frontend web
  bind 127.0.0.1:${port}
  http-request deny if { path_beg /api/runs/hidden }
  default_backend progress
backend progress
  http-reuse always
  server one 127.0.0.1:${servicePort}
`,
  command: (file) => ['haproxy', '-db', '-f', file],
};

export async function startKeepAliveFront(proxy: Proxy, servicePort: number): Promise<KeepAliveFront> {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-proxy-'));
  const place = { folder, servicePort, port: await freePort() };
  const file = join(folder, 'configuration');
  writeFileSync(file, proxy.configuration(place));
  const [command, ...args] = proxy.command(file, place);
  const program = startProgram(command, args, { env: { PATH: '/usr/sbin:/usr/bin:/bin' } });
  const stop = async () => {
    await program.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await pollUntil(command, async () => {
      const answer = await request(`http://127.0.0.1:${place.port}/healthz`).catch(() => null); // It doesn't listen yet.
      await answer?.body.dump();
      return answer?.statusCode === 200;
    });
  } catch (error) {
    await stop();
    throw new Error(`${error}\n${program.lines.join('\n')}`);
  }
  return { port: place.port, stop };
}
