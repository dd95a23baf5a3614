// A real redis-server that speaks TLS as well, with a certificate that it has signed itself, as Heroku's has.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type RedisServer, startRedis } from './redis.ts';

export interface TlsRedisServer extends RedisServer {
  /** rediss://. `url` is that without TLS. */
  readonly tlsUrl: string;
  /** The path of its certificate. */
  readonly certificate: string;
}

export async function startTlsRedis(): Promise<TlsRedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-tls-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject];
  execFileSync('openssl', [...request, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
  const port = await freePort();
  const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate];
  const args = ['--tls-port', `${port}`, '--tls-auth-clients', 'no', ...files];
  const redis = await startRedis({ args });
  const { stop } = redis;
  return Object.assign(redis, {
    tlsUrl: `rediss://localhost:${port}`,
    certificate,
    stop: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  });
}
