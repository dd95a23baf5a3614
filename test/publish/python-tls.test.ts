// A Python worker whose Redis speaks TLS, with a URL in whatever spelling its Celery has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTlsRedis } from '../support/tls-redis.ts';
import { spawnPython, whenEnded } from './support/python.ts';

const CODE = `
import os
from publish_progress import Publisher
for query in os.environ["QUERIES"].split():
    with Publisher(os.environ["REDIS_URL"] + query) as publisher:
        publisher.publish(query, state="END")
`;

test('certificates are checked as the URL says, in the spellings of Celery and redis-py', async (t) => {
  const redis = await startTlsRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const unchecked = ['CERT_NONE', 'cert_none', 'none', 'None'].map((value) => `/0?ssl_cert_reqs=${value}`);
  const withCertificate = ['CERT_REQUIRED', 'required', 'CERT_OPTIONAL', 'optional'].map(
    (value) => `/0?ssl_cert_reqs=${value}&ssl_ca_certs=${redis.certificate}`,
  );
  const refused = ['/0', '/0?ssl_cert_reqs=CERT_REQUIRED'];
  const run = async (queries: string[], environment: Record<string, string> = {}) => {
    const { code, stderr } = await whenEnded(
      spawnPython(['-c', CODE], { REDIS_URL: redis.tlsUrl, QUERIES: queries.join(' '), ...environment }),
    );
    assert.equal(code, 0, stderr);
    const recorded: string[] = [];
    for (const query of queries) if ((await client.llen(`autoshorts:run:${query}`)) > 0) recorded.push(query);
    return { recorded, stderr };
  };
  const allowed = [...unchecked, ...withCertificate];
  assert.deepEqual(await run(allowed), { recorded: allowed, stderr: '' });
  const refusal = await run(refused);
  assert.deepEqual(refusal.recorded, []);
  assert.match(refusal.stderr, /updates wait, as Redis can't record them: .*certificate verify failed/);
  assert.deepEqual(await run(refused, { REDIS_TLS_INSECURE: '1' }), { recorded: refused, stderr: '' });
});
