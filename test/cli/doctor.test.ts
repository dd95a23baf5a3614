// `run-progress doctor` before real proxies and a real Redis: the right verdict for each, and its cure.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { REDIS_PASSWORD, startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { startTlsRedis } from '../support/tls-redis.ts';
import { SECRET } from '../support/token.ts';
import { runCli } from './cli.ts';
import { startNginx } from './nginx.ts';

const lively = await startService({ HEARTBEAT_SECONDS: '1' });
test.after(() => lively.stop('SIGKILL'));
const usual = await startService();
test.after(() => usual.stop('SIGKILL'));

const WEBSOCKETS = `location /ws/ {
      proxy_pass http://127.0.0.1:${lively.port};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_read_timeout 75s;
    }`;

/** The verdict's line, and what follows it. */
function verdictOf(stdout: string): { verdict: string; cures: string } {
  const [, verdict = '', cures = ''] = /\n\n([^\n]+)\n(.*)$/s.exec(stdout.replace(/^.*\n\n/, '')) ?? [];
  return { verdict, cures };
}

// They mostly wait, each for its own stream.
suite('the doctor', { concurrency: 4 }, () => {
  test('before nginx as Debian ships it streams pass, and WebSockets do not', async (t) => {
    const nginx = await startNginx(lively.port, '');
    t.after(nginx.stop);
    const { code, stdout } = await runCli(['doctor', nginx.url, '--seconds', '4']);
    const { verdict, cures } = verdictOf(stdout);
    assert.equal(verdict, 'Event streams work. Not all is well: WebSocket.', stdout);
    assert.match(
      cures,
      /nginx:\n {4}map \$http_upgrade .*\n( {4}.*\n)+ {4}proxy_set_header Upgrade \$http_upgrade;\n/,
    );
    assert.match(stdout, /ok {3}stream .*not compressed, not held back/);
    assert.match(stdout, /ok {3}update {6}took \d+ ms/);
    assert.equal(code, 0);
  });

  test('an nginx that compresses event streams is found out', async (t) => {
    // The service marks its streams as encoded already, which stops gzip; here that is taken away.
    const gzip = 'gzip_types *; gzip_proxied any; gzip_min_length 0; proxy_hide_header Content-Encoding;';
    const nginx = await startNginx(lively.port, `${gzip} proxy_hide_header Cache-Control;`, WEBSOCKETS);
    t.after(nginx.stop);
    const { code, stdout } = await runCli(['doctor', nginx.url, '--seconds', '4']);
    const { verdict, cures } = verdictOf(stdout);
    assert.equal(verdict, 'Something is wrong: compression.', stdout);
    assert.match(
      cures,
      /^\nTo mend it \(compression\):\n {2}nginx:\n {4}# no proxy_hide_header Content-Encoding/,
    );
    assert.equal(code, 1);
  });

  test('gzip_types * alone does no harm: the streams say that they are encoded already', async (t) => {
    const nginx = await startNginx(
      lively.port,
      'gzip_types *; gzip_proxied any; gzip_min_length 0;',
      WEBSOCKETS,
    );
    t.after(nginx.stop);
    const { code, stdout } = await runCli(['doctor', nginx.url, '--seconds', '4']);
    assert.deepEqual([code, verdictOf(stdout).verdict], [0, 'All is well.'], stdout);
  });

  test('a read time-out of 5 s cuts before a heartbeat', async (t) => {
    const nginx = await startNginx(usual.port, 'proxy_read_timeout 5s;', WEBSOCKETS);
    t.after(nginx.stop);
    const { code, stdout } = await runCli(['doctor', nginx.url, '--seconds', '20']);
    const { verdict, cures } = verdictOf(stdout);
    assert.equal(verdict, 'Something is wrong: idle cut.', stdout);
    assert.match(stdout, /cut after [3-9]\.\d s of silence/);
    assert.match(cures, /proxy_read_timeout 75s;\n.*HEARTBEAT_SECONDS/);
    assert.equal(code, 1);
  });

  test('a proxy that holds streams back is found out', async (t) => {
    const nginx = await startNginx(lively.port, 'proxy_ignore_headers X-Accel-Buffering;', WEBSOCKETS);
    t.after(nginx.stop);
    const { code, stdout } = await runCli(['doctor', nginx.url, '--seconds', '5']);
    const { verdict, cures } = verdictOf(stdout);
    assert.equal(verdict, 'Something is wrong: buffering.', stdout);
    assert.match(cures, /proxy_buffering off;/);
    assert.equal(code, 1);
  });

  test('an nginx that is set up right is well', async (t) => {
    const right =
      'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; proxy_read_timeout 75s;';
    const nginx = await startNginx(lively.port, right, WEBSOCKETS);
    t.after(nginx.stop);
    const { code, stdout } = await runCli(['doctor', nginx.url, '--seconds', '4']);
    assert.deepEqual([code, verdictOf(stdout)], [0, { verdict: 'All is well.', cures: '' }], stdout);
  });

  test('pages of another origin may read where the service allows it', async (t) => {
    const origin = 'https://app.example.com';
    const open = await startService({ ALLOWED_ORIGINS: origin });
    t.after(() => open.stop('SIGKILL'));
    const args = ['--seconds', '1', '--origin', origin];
    assert.match((await runCli(['doctor', open.url, ...args])).stdout, /ok {3}origin .*may read/);
    const { code, stdout } = await runCli(['doctor', usual.url, ...args]);
    assert.match(stdout, /BAD {2}origin .*can't read.*\n.*set ALLOWED_ORIGINS=https:\/\/app\.example\.com/);
    assert.equal(code, 1);
  });

  test('what is no service, or not there, is said, and nothing else is looked at', async (t) => {
    const nothing = await runCli(['doctor', 'http://127.0.0.1:1', '--seconds', '1']);
    assert.match(nothing.stdout, /BAD {2}service .*nothing listens there\n.*--url/);
    assert.equal(nothing.code, 1);
    const { stdout } = await runCli(['doctor', `${usual.url}/elsewhere`, '--seconds', '1']);
    assert.match(stdout, /BAD {2}service .*\/readyz answers 404.*\n\nSomething is wrong: service\.\n$/);
    const noTls = await runCli(['doctor', usual.url.replace('http:', 'https:'), '--seconds', '1']);
    assert.match(
      noTls.stdout,
      /BAD {2}TLS .*does not speak TLS: is it http:.*\n\nSomething is wrong: TLS\.\n$/,
    );
    const redis = await startTlsRedis();
    t.after(redis.stop);
    const selfSigned = await runCli(['doctor', redis.tlsUrl.replace('rediss', 'https'), '--seconds', '1']);
    assert.match(selfSigned.stdout, /BAD {2}TLS .*self-signed certificate\n.*NODE_EXTRA_CA_CERTS/);
  });

  test('a proxy may pass on only what pages need', async (t) => {
    const nginx = await startNginx(lively.port, '', `location = /readyz { return 404; }\n${WEBSOCKETS}`);
    t.after(nginx.stop);
    const { code, stdout } = await runCli(['doctor', nginx.url, '--seconds', '3']);
    assert.match(stdout, /warn service .*\/readyz answers 404, so it isn't passed on/);
    assert.deepEqual([code, verdictOf(stdout).verdict], [0, 'Event streams work. Not all is well: service.']);
  });

  test('where the service asks for a token it says how to make one, and blames no proxy', async (t) => {
    const env = { PROGRESS_SECRET: SECRET, HEARTBEAT_SECONDS: '1' };
    const secret = await startService(env);
    t.after(() => secret.stop('SIGKILL'));
    const args = ['doctor', secret.url, '--seconds', '3'];
    const without = await runCli(args);
    assert.match(without.stdout, /BAD {2}stream .*readers get 401.*\n.*run-progress token --run '\*'/);
    assert.deepEqual([without.code, verdictOf(without.stdout).cures], [1, '']);
    const made = await runCli(['token', '--run', '*', '--scope', 'read publish'], env);
    const { code, stdout } = await runCli(args, { RUN_PROGRESS_TOKEN: made.stdout.trim() });
    assert.deepEqual([code, verdictOf(stdout).verdict], [0, 'All is well.'], stdout);
  });

  test('with REDIS_URL Redis is looked at, and an update goes all the way', async (t) => {
    const redis = await startRedis({ args: ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'] });
    t.after(redis.stop);
    const service = await startService({ REDIS_URL: redis.url, HEARTBEAT_SECONDS: '1' });
    t.after(() => service.stop('SIGKILL'));
    const args = ['doctor', service.url, '--seconds', '3'];
    const { code, stdout } = await runCli(args, { REDIS_URL: redis.url });
    assert.equal(verdictOf(stdout).verdict, 'Event streams work. Not all is well: memory.', stdout);
    assert.match(stdout, /update {6}took \d+ ms from Redis at 127/);
    assert.match(stdout, /allkeys-lru throws histories away.*\n.*CONFIG SET maxmemory-policy noeviction/);
    assert.match(stdout, /ok {3}channel {5}1 listening to autoshorts:progress/);
    assert.equal(code, 0);

    const other = await runCli(args, { REDIS_URL: redis.url, KEY_PREFIX: 'other' });
    assert.match(other.stdout, /BAD {2}update .*did not come: is it the service's own Redis/);
    const client = await redis.client();
    await client.acl(
      'SETUSER',
      'poor',
      'on',
      `>${REDIS_PASSWORD}`,
      '~autoshorts:*',
      '+ping',
      '+info',
      '+client|setname',
      '+eval',
      '+rpush',
    );
    const poor = await runCli(args, { REDIS_URL: redis.url.replace('//', `//poor:${REDIS_PASSWORD}@`) });
    assert.match(poor.stdout, /BAD {2}rights .*\n.*ACL SETUSER/);
    assert.ok(!poor.stdout.includes(REDIS_PASSWORD));

    const advised = /ACL SETUSER … (.*)/.exec(poor.stdout)?.[1]?.split(' ') ?? [];
    const rightsOf = async (...rules: string[]) => {
      await client.acl('SETUSER', 'poor', 'reset', 'on', `>${REDIS_PASSWORD}`, ...rules);
      const shortly = [...args.slice(0, -1), '1'];
      const { stdout } = await runCli(shortly, {
        REDIS_URL: redis.url.replace('//', `//poor:${REDIS_PASSWORD}@`),
      });
      return /^(\w+) +rights/m.exec(stdout)?.[1];
    };
    assert.equal(await rightsOf(...advised), 'ok');
    assert.equal(await rightsOf(...advised, '-lset'), 'BAD');
  });

  test('with the smallest rights of the guide all is well, and what they do not let it ask is said', async (t) => {
    const redis = await startRedis();
    t.after(redis.stop);
    const client = await redis.client();
    const guide = readFileSync('docs/redis.md', 'utf8').replaceAll('>password', `>${REDIS_PASSWORD}`);
    const users = [...guide.matchAll(/^ACL SETUSER (service|worker) (.*)$/gm)];
    assert.equal(users.length, 2);
    for (const [, user = '', rights = ''] of users) await client.acl('SETUSER', user, ...rights.split(' '));
    const as = (user: string) => ({
      REDIS_URL: redis.url.replace('//', `//${user}:${REDIS_PASSWORD}@`),
      HEARTBEAT_SECONDS: '1',
    });
    const service = await startService(as('service'));
    t.after(() => service.stop('SIGKILL'));
    for (const user of ['service', 'worker']) {
      const { code, stdout } = await runCli(['doctor', service.url, '--seconds', '2'], as(user));
      assert.deepEqual([code, verdictOf(stdout).verdict], [0, 'All is well.'], stdout);
      assert.match(stdout, /ok {3}channel {5}who listens to autoshorts:progress can't be asked/);
    }
  });

  test('a Redis that takes no writes is found out', async (t) => {
    const redis = await startRedis();
    t.after(redis.stop);
    const service = await startService({ REDIS_URL: redis.url, HEARTBEAT_SECONDS: '1' });
    t.after(() => service.stop('SIGKILL'));
    const client = await redis.client();
    await client.replicaof('127.0.0.1', '1');
    const { code, stdout } = await runCli(['doctor', service.url, '--seconds', '2'], {
      REDIS_URL: redis.url,
    });
    assert.match(stdout, /BAD {2}recording .*replica/);
    assert.doesNotMatch(stdout, /ACL SETUSER/);
    assert.equal(code, 1);
  });
});
