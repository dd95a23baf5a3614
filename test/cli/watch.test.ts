// `run-progress watch`, as a program: what it prints into a pipe, and how it ends, through a restart of the service too.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { suite, test } from 'node:test';
import { request } from 'undici';
import { publish, publishAll } from '../support/publish.ts';
import { freePort, startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { runCli, startCli } from './cli.ts';

const service = await startService();
test.after(() => service.stop('SIGKILL'));
const env = { RUN_PROGRESS_URL: service.url, TZ: 'UTC' };

// They mostly wait.
suite('watch', { concurrency: 3 }, () => {
  test('a run that ended well is 0, one that failed is 1', async () => {
    await publish(service, 'good', { state: 'END', progress: 1, log: '완료 🎉' });
    await publish(service, 'bad', { state: 'FAILED', log: 'no space' });
    const good = await runCli(['watch', 'good'], env);
    assert.equal(good.code, 0, good.stderr);
    assert.match(good.stdout, /^\d\d:\d\d:\d\d {2}█{20} 100 % {2}END {15}완료 🎉\n$/);
    const bad = await runCli(['watch', 'bad'], env);
    assert.deepEqual([bad.code, bad.stderr], [1, '']);
    assert.match(bad.stdout, /FAILED {12}no space\n$/);
  });

  test('a state of one’s own counts as a failure where it is named', async () => {
    const own = await startService({ TERMINAL_STATES: 'SUCCESS,REVOKED' });
    try {
      await publish(own, 'r', { state: 'REVOKED' });
      assert.equal(
        (await runCli(['watch', 'r', '--url', own.url, '--failed-states', 'FAILURE, REVOKED'])).code,
        1,
      );
      assert.equal((await runCli(['watch', 'r', '--url', own.url])).code, 0);
    } finally {
      await own.stop('SIGKILL');
    }
  });

  test('of several runs all must end, or any', async () => {
    await publishAll(service, 'first', [{ state: 'A' }, { state: 'END' }]);
    await publish(service, 'second', { state: 'A' });
    const any = await runCli(['watch', 'first', 'second', '--any', '--quiet'], env);
    assert.deepEqual([any.code, any.stdout], [0, '']);
    const all = startCli(['watch', 'first', 'second'], env);
    await all.untilPrinted(/second {2}░/);
    await publish(service, 'second', { state: 'FAILED' });
    assert.equal((await all.ended).code, 1);
  });

  test('a run that counts is shown as it counts, and which attempt it is', async () => {
    const counted = { state: 'A', current: 12, total: 40, attempt: 1, log: 'x' };
    await publish(service, 'counted', counted);
    const cli = startCli(['watch', 'counted'], env);
    await cli.untilPrinted(/██████░{14} 12\/40 {2}A {17}second attempt {2}x\n/);
    // A moment, as `tracked` gives it: the reader counts the beginnings that it sees.
    await publish(service, 'counted', { ...counted, attempt: 1e15 });
    await publish(service, 'counted', { state: 'END', attempt: 1e15 });
    const { stdout } = await cli.ended;
    assert.match(stdout, / 12\/40 {2}A {17}attempt 3 {2}x\n.* END\n$/);
    const text = await request(`${service.eventsUrl('counted')}?format=text&last_event_id=0`);
    assert.match(await text.body.text(), / 12\/40 {2}A {17}second attempt {2}x\n/);
  });

  test('a run that nobody has heard of has not started: it is waited for', async () => {
    const cli = startCli(['watch', 'later', '--json'], env);
    await publishAll(service, 'later', [{ state: 'A', log: 'one' }, { state: 'END' }]);
    const { code, stdout } = await cli.ended;
    assert.equal(code, 0);
    const messages = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(messages.at(-1).done, true);
  });

  test('--from-start shows every event that is kept, and the default where the run is now', async () => {
    await publishAll(service, 'kept', [
      { state: 'A', progress: 0.1 },
      { state: 'B', log: 'b' },
      { state: 'END' },
    ]);
    const all = await runCli(['watch', 'kept', '--from-start'], env);
    assert.deepEqual(all.stdout.match(/ (A|B|END)\b/g), [' A', ' B', ' END']);
    const now = await runCli(['watch', 'kept'], env);
    assert.deepEqual(now.stdout.match(/ (A|B|END)\b/g), [' END']);
  });

  test('--timeout gives up with 124 and says where the run is; Ctrl-C is 130', async () => {
    await publish(service, 'slow', { state: 'RENDERING', progress: 0.5 });
    const late = await runCli(['watch', 'slow', '--timeout', '0.5s'], env);
    assert.deepEqual(
      [late.code, late.stderr],
      [124, 'run-progress: gave up after 0.5 s: slow is at RENDERING\n'],
    );
    const stopped = startCli(['watch', 'slow'], env);
    await stopped.untilPrinted(/RENDERING/);
    stopped.kill('SIGINT');
    const { code, stderr } = await stopped.ended;
    assert.deepEqual([code, stderr], [130, 'run-progress: stopped watching; the run itself goes on\n']);
  });

  test('through a killed and restarted service every event is printed once, and the exit code is the run’s', async (t) => {
    const redis = await startRedis();
    t.after(redis.stop);
    const first = await startService({ REDIS_URL: redis.url });
    t.after(() => first.stop('SIGKILL'));
    const names = ['one', 'two'];
    const watches = names.map((name) => startCli(['watch', name, '--from-start', '--url', first.url]));
    const both = startCli(['watch', ...names, '--url', first.url]);
    for (const name of names) await publishAll(first, name, [{ log: 'line 1' }, { log: 'line 2' }]);
    for (const cli of [...watches, both]) await cli.untilPrinted(/line 2/);
    await both.untilPrinted(/two .*line 2/);
    await first.stop('SIGKILL');
    for (const cli of [...watches, both]) await cli.untilPrinted(/trying again/);
    const second = await startService({ REDIS_URL: redis.url, PORT: String(first.port) });
    t.after(() => second.stop('SIGKILL'));
    for (const name of names)
      await publishAll(second, name, [{ log: 'line 3' }, { state: 'A', log: 'line 4' }]);
    await publish(second, 'one', { state: 'END', log: 'line 5' });
    await publish(second, 'two', { state: 'FAILED', log: 'line 5' });
    const [one, two] = await Promise.all(watches.map((cli) => cli.ended));
    assert.deepEqual([one?.code, two?.code, (await both.ended).code], [0, 1, 1]);
    const lines = ['line 1', 'line 2', 'line 3', 'line 4', 'line 5'];
    for (const ended of [one, two]) assert.deepEqual(ended?.stdout.match(/line \d/g), lines);
    for (const name of names) {
      const own = (await both.ended).stdout.split('\n').filter((line) => line.includes(` ${name} `));
      assert.deepEqual(
        own.map((line) => /line \d/.exec(line)?.[0]),
        lines,
      );
    }
  });

  test('while the service is away a time-out is 124, and Ctrl-C 130', async (t) => {
    const port = String(await freePort());
    const first = await startService({ PORT: port });
    t.after(() => first.stop('SIGKILL'));
    await publish(first, 'r', { state: 'RENDERING' });
    const [late, stopped] = [['--timeout', '4s'], []].map((more) =>
      startCli(['watch', 'r', '--url', first.url, ...more]),
    );
    for (const cli of [late, stopped]) await cli?.untilPrinted(/RENDERING/);
    await first.stop('SIGKILL');
    await stopped?.untilPrinted(/trying again/);
    stopped?.kill('SIGINT');
    assert.equal((await stopped?.ended)?.code, 130);
    assert.equal((await late?.ended)?.code, 124);
  });

  test('where nothing listens it says so, and ends with 3', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { code, stderr } = await runCli(['watch', 'r', '--url', url]);
    assert.equal(code, 3);
    assert.match(
      stderr,
      /: nothing listens there; trying again\n.*: nothing listens there\nIs the service running there\? --url .*\n$/,
    );
  });

  const refusals: [status: number, headers: Record<string, string>, body: string, said: RegExp][] = [
    [401, {}, '{"detail":"A token is needed."}', /answers 401: A token is needed\.\nGive a token by --token/],
    [404, {}, '<h1>nginx</h1>', /answers 404\nIs --url the address/],
    [
      301,
      { location: 'https://example.com/' },
      '',
      /answers 301\nIt sends readers to https:\/\/example\.com\//,
    ],
    [200, { 'content-type': 'text/html' }, '<p>an app</p>', /is no event stream/],
    [403, {}, '{"detail":"\\u001b[2J"}', /answers 403: ␛\[2J\n/],
  ];
  for (const [status, headers, body, said] of refusals)
    test(`an answer ${status} is refused at once, with what to do`, async (t) => {
      const server = createServer((_request, response) => response.writeHead(status, headers).end(body));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      t.after(() => server.close());
      const { port } = server.address() as { port: number };
      const { code, stderr } = await runCli(['watch', 'r', '--url', `http://127.0.0.1:${port}`]);
      assert.equal(code, 3);
      assert.match(stderr, said);
    });
});
