// A Redis that speaks TLS with a certificate of its own, for the service and the publisher in Node, by URLs as Celery has them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPublisher } from '../../src/publish/publisher.ts';
import { launchService, startService } from '../support/service.ts';
import { startTlsRedis, type TlsRedisServer } from '../support/tls-redis.ts';

const UNCHECKED = ['CERT_NONE', 'cert_none', 'none', 'None'];

/** Whether the publisher records by this URL; else its warning. */
async function publish(redisUrl: string): Promise<true | string> {
  let warning = '';
  const publisher = createPublisher({
    redisUrl,
    onWarning: (text) => {
      warning ||= text;
    },
  });
  const isRecorded = await publisher.publish('r', { state: 'END' });
  await publisher.close();
  return isRecorded || warning;
}

function urlWith(redis: TlsRedisServer, checks: string): string {
  return `${redis.tlsUrl}/0?ssl_cert_reqs=${checks}`;
}

test('the publisher in Node checks certificates as the URL says', async (t) => {
  const redis = await startTlsRedis();
  t.after(redis.stop);
  for (const checks of UNCHECKED) assert.equal(await publish(urlWith(redis, checks)), true, checks);
  assert.match(`${await publish(urlWith(redis, 'CERT_REQUIRED'))}`, /self-signed certificate/);
});

test('the service checks certificates as the URL says', async (t) => {
  const redis = await startTlsRedis();
  t.after(redis.stop);
  const unchecked = await startService({ REDIS_URL: urlWith(redis, 'CERT_NONE') });
  t.after(() => unchecked.stop());
  const required = { REDIS_URL: urlWith(redis, 'CERT_REQUIRED') };
  const refusing = await launchService(required);
  t.after(() => refusing.stop());
  await refusing.program.waitForLine('the reason', (line) =>
    /self-signed certificate;.* REDIS_TLS_INSECURE=1 accepts it/.test(line),
  );
  const trusting = await startService({ ...required, NODE_EXTRA_CA_CERTS: redis.certificate });
  t.after(() => trusting.stop());
});
