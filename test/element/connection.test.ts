// What decides about connections: back-off, ladder, requests, and when a token is renewed.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import fc from 'fast-check';
import { backoffMs, isFinalRefusal, parseRetryAfter } from '../../src/element/feed/backoff.ts';
import { openConnection } from '../../src/element/feed/connection.ts';
import { createLadder } from '../../src/element/feed/ladder.ts';
import { read } from '../../src/element/feed/read.ts';
import { eventsQuery, groupRuns } from '../../src/element/feed/request.ts';
import { createTokens, expiryOf } from '../../src/element/feed/tokens.ts';

test('the back-off is anything up to a limit that doubles, to thirty seconds', () => {
  const limits = [0, 1, 2, 3, 4, 5, 6, 20].map((failures) => backoffMs({ failures, random: 0.999999 }));
  assert.deepEqual(limits.map(Math.round), [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(backoffMs({ failures: 20, random: 0 }), 0);
});

test('it is never sooner than Retry-After, and honours retry: once', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 40 }),
      fc.nat({ max: 600_000 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      (n, ms, random) => {
        const wait = backoffMs({ failures: n, retryAfterMs: ms, random });
        assert.ok(wait >= ms && wait <= ms + 30_000);
      },
    ),
  );
  assert.equal(backoffMs({ failures: 0, retryMs: 4_321, random: 0.5 }), 4_321);
  assert.equal(backoffMs({ failures: 1, retryMs: 4_321, random: 0.5 }), 1_000);
});

test('Retry-After is read in seconds', () => {
  const table: [string | null, number | undefined][] = [
    ['3', 3_000],
    ['0', 0],
    ['-1', undefined],
    ['Thu, 01 Jan 2026 00:00:05 GMT', undefined],
    ['99999999', 600_000],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
  ];
  for (const [value, ms] of table) assert.equal(parseRetryAfter(value), ms, String(value));
});

test('only a refusal that will be the same the next time is final', () => {
  for (const status of [400, 405, 410, 414, 422]) assert.ok(isFinalRefusal(status), String(status));
  for (const status of [200, 401, 403, 404, 408, 425, 429, 500, 502, 503])
    assert.ok(!isFinalRefusal(status), String(status));
});

test('three breaks in a row, or a stream that is held back, lead to the other way, and back', () => {
  const ladder = createLadder('auto');
  let now = 0;
  const ways = Array.from({ length: 7 }, () => {
    const way = ladder.transport(now);
    ladder.note(way, 'broken', false, now);
    now += 100;
    return way;
  });
  assert.deepEqual(ways, ['stream', 'stream', 'stream', 'poll', 'poll', 'poll', 'stream']);

  const held = createLadder('auto');
  held.note('stream', 'blocked', false, 0);
  assert.equal(held.transport(1), 'poll');
});

test('a way that is forced is kept, and an attribute that names none is no wish', () => {
  for (const forced of ['stream', 'poll'] as const) {
    const ladder = createLadder(forced);
    for (let n = 0; n < 9; n++) ladder.note(forced, n % 2 ? 'blocked' : 'broken', false, n);
    assert.equal(ladder.transport(9), forced);
  }
  assert.equal(createLadder(null as unknown as 'auto').transport(0), 'stream');
});

test('a stream that held has no failures', () => {
  const ladder = createLadder('auto');
  for (let n = 0; n < 9; n++) {
    ladder.note('stream', 'broken', n % 2 === 0, n);
    assert.equal(ladder.transport(n), 'stream');
  }
});

test('where looks work the stream is tried ever more rarely, until the network changes', () => {
  const ladder = createLadder('auto');
  let now = 0;
  const waits = Array.from({ length: 8 }, () => {
    ladder.note('stream', 'blocked', false, now);
    const blockedAt = now;
    while (ladder.transport(now) === 'poll') {
      ladder.note('poll', 'answered', true, now);
      now += 1_000;
    }
    return (now - blockedAt) / 1_000;
  });
  assert.deepEqual(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
  ladder.note('stream', 'blocked', false, now);
  ladder.reset();
  assert.equal(ladder.transport(now), 'stream');
});

test('runs share as few requests as fit into addresses', () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 80, unit: 'grapheme' }), {
    maxLength: 120,
  });
  fc.assert(
    fc.property(names, (runs) => {
      const groups = groupRuns(runs);
      assert.deepEqual(groups.flat(), runs);
      for (const group of groups) {
        const query = eventsQuery(group, () => 1_763_800_000_000_012);
        assert.ok(query.length <= 6_000 || group.length === 1);
      }
    }),
  );
  assert.equal(groupRuns(Array.from({ length: 100 }, (_, n) => `run-${n}`)).length, 1);
});

test('a cursor follows its run, and a run without one begins with a snapshot', () => {
  const cursors = new Map([['b&c', 17]]);
  const query = eventsQuery(['a', 'b&c', '한'], (run) => cursors.get(run) ?? 0);
  assert.equal(query, 'run=a&run=b%26c&last_event_id=17&run=%ED%95%9C');
});

const tokenOf = (claims: object) => `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`;

test('the expiry of a JWT is read, and of nothing else', () => {
  assert.equal(expiryOf(tokenOf({ exp: 1_763_800_000, sub: '고양이?>' })), 1_763_800_000_000);
  for (const other of ['', 'secret', 'a.b.c', tokenOf({}), tokenOf({ exp: 'soon' })]) {
    assert.equal(expiryOf(other), Number.POSITIVE_INFINITY, other);
  }
});

test('a provider is asked once for many requests, again 20 s before the expiry, and after a refusal', async () => {
  mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  try {
    let asked = 0;
    const tokens = createTokens('', async () => {
      asked++;
      return tokenOf({ exp: (Date.now() + 60_000) / 1000, asked });
    });
    await Promise.all([tokens.get(), tokens.get(), tokens.get()]);
    assert.equal(asked, 1);
    mock.timers.tick(39_999);
    await tokens.get();
    assert.equal(asked, 1);
    mock.timers.tick(1);
    await tokens.get();
    assert.equal(asked, 2);
    assert.equal(tokens.refuse(), true);
    await tokens.get();
    assert.equal(asked, 3);
  } finally {
    mock.timers.reset();
  }
});

test('a token that looks expired by a wrong local clock is used all the same', async () => {
  let asked = 0;
  const tokens = createTokens('', () => {
    asked++;
    return tokenOf({ exp: 1 });
  });
  await tokens.get();
  await tokens.get();
  assert.equal(asked, 1);
  assert.ok(tokens.renewAt() > Date.now());
});

test('however long a page takes for a token, its connection is not held to be blocked', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const heard: number[] = [];
    const { why } = await read({
      token: async () => {
        mock.timers.tick(60_000);
        return 't1';
      },
      ask: async (_, bearer, signal) => {
        signal.throwIfAborted();
        const message = { type: 'progress', run_id: 'a', id: 1, state: bearer, progress: 0.5 };
        return new Response(`${JSON.stringify(message)}\n`, {
          headers: { 'Content-Type': 'application/x-ndjson' },
        });
      },
      onMessage: ({ id }) => heard.push(id),
      onAlive: () => {},
      renewAt: () => Number.POSITIVE_INFINITY,
      signal: new AbortController().signal,
    });
    // It came, and was cut off.
    assert.equal(why, 'broken');
    assert.deepEqual(heard, [1]);
  } finally {
    mock.timers.reset();
  }
});

/** As a browser hands on a stream that is cut: what it had not read yet is gone. */
function cutStream(): ReadableStream {
  return new ReadableStream({
    start: (stream) => stream.enqueue(new TextEncoder().encode('{"type":"ping","ts":1}\n')),
    pull: (stream) => stream.error(new TypeError('cut')),
  });
}

test('a stream that is cut as its token ends goes on with another token, without a word', async () => {
  const phases = new Set<string>();
  const sent: string[] = [];
  await new Promise<void>((resolve) => {
    const connection = openConnection({
      runs: ['a'],
      isIdle: false,
      delayMs: 0,
      tokens: createTokens('', () => tokenOf({ exp: Date.now() / 1000 + 15, n: sent.length })),
      ladder: createLadder('auto'),
      cursorOf: () => 0,
      ask: async (_, token) => {
        if (sent.push(token) === 2) {
          connection.close();
          resolve();
        }
        return new Response(cutStream(), { headers: { 'Content-Type': 'application/x-ndjson' } });
      },
      onMessage: () => {},
      onAlive: () => {},
      onPhase: (phase) => phases.add(phase),
      onMixed: () => {},
    });
  });
  assert.deepEqual([...phases], ['live']);
  assert.notEqual(sent[0], sent[1]);
});
