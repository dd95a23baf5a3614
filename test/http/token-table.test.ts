// Every route, by every transport, with every kind of token: who is let in, and what the others are told.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import { WebSocket } from 'ws';
import { startLocalService } from '../support/local-service.ts';
import { type Service, startService } from '../support/service.ts';
import {
  FOREIGN_SECRET,
  makeToken,
  OLDER_SECRET,
  SECRET,
  type TokenClaims,
  unsecuredToken,
} from '../support/token.ts';

const RUN = '우주여행고양이';
const encoded = encodeURIComponent(RUN);

interface Door {
  /** As the route declares it. */
  route: string;
  name: string;
  scope: 'read' | 'publish' | 'metrics';
  /** What the right token gets. */
  success: number;
  knock(
    bearer: string | undefined,
    query: string,
  ): Promise<{ status: number; code: string | undefined; header: string }>;
}

let service: Service;
before(async () => {
  service = await startService({ PROGRESS_SECRET: `${SECRET},${OLDER_SECRET}` });
  const publish = http('POST', `/api/runs/${encoded}/events`, '{"state":"END"}');
  assert.equal((await publish(await makeToken({ scope: 'publish' }), '')).status, 201);
});
after(() => service.stop());

function http(method: 'GET' | 'HEAD' | 'POST', path: string, body?: string): Door['knock'] {
  return async (bearer, query) => {
    const separator = path.includes('?') ? '&' : '?';
    const {
      statusCode,
      headers,
      body: answer,
    } = await request(`${service.url}${path}${query && separator + query}`, {
      method,
      ...(body && { body }),
      ...(bearer && { headers: { authorization: `Bearer ${bearer}` } }),
    });
    const text = await answer.text();
    const isProblem = `${headers['content-type']}`.startsWith('application/problem+json');
    const code = isProblem && text ? JSON.parse(text).code : undefined;
    return { status: statusCode, code, header: `${headers['www-authenticate'] ?? ''}` };
  };
}

async function webSocket(bearer: string | undefined, query: string): ReturnType<Door['knock']> {
  const url = `${service.webSocketUrl(RUN)}${query && `?${query}`}`;
  const socket = new WebSocket(url, bearer ? { headers: { authorization: `Bearer ${bearer}` } } : {});
  const opened = once(socket, 'open').then(() => ({ status: 101, code: undefined, header: '' }));
  const refused = new Promise<Awaited<ReturnType<Door['knock']>>>((resolve) => {
    socket.once('unexpected-response', (_, response) => {
      const header = `${response.headers['www-authenticate'] ?? ''}`;
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, code: JSON.parse(text).code, header }),
      );
    });
  });
  opened.catch(() => {});
  socket.on('error', () => {});
  const answer = await Promise.race([opened, refused]);
  socket.terminate();
  return answer;
}

const one = `/api/runs/${encoded}/events`;
const doors: Door[] = [
  {
    route: 'GET /api/runs/:run_id/events',
    name: 'a stream',
    scope: 'read',
    success: 200,
    knock: http('GET', one),
  },
  {
    route: 'GET /api/runs/:run_id/events',
    name: 'its HEAD',
    scope: 'read',
    success: 200,
    knock: http('HEAD', one),
  },
  {
    route: 'GET /api/runs/:run_id/events',
    name: 'NDJSON',
    scope: 'read',
    success: 200,
    knock: http('GET', `${one}?format=ndjson`),
  },
  {
    route: 'GET /api/runs/:run_id/events',
    name: 'text',
    scope: 'read',
    success: 200,
    knock: http('GET', `${one}?format=text`),
  },
  {
    route: 'GET /api/runs/:run_id/events',
    name: 'long polling',
    scope: 'read',
    success: 200,
    knock: http('GET', `${one}?wait=5`),
  },
  {
    route: 'GET /api/events',
    name: 'several runs',
    scope: 'read',
    success: 200,
    knock: http('GET', `/api/events?wait=5&run=${encoded}`),
  },
  {
    route: 'GET /api/runs/:run_id',
    name: 'a poll',
    scope: 'read',
    success: 200,
    knock: http('GET', `/api/runs/${encoded}`),
  },
  {
    route: 'GET /api/runs/:run_id/badge.svg',
    name: 'a badge',
    scope: 'read',
    success: 200,
    knock: http('GET', `/api/runs/${encoded}/badge.svg`),
  },
  { route: 'GET /ws/:run_id', name: 'a WebSocket', scope: 'read', success: 101, knock: webSocket },
  {
    route: 'POST /api/runs/:run_id/events',
    name: 'publishing',
    scope: 'publish',
    success: 201,
    knock: http('POST', one, '{"state":"END"}'),
  },
  { route: 'GET /metrics', name: 'metrics', scope: 'metrics', success: 200, knock: http('GET', '/metrics') },
];

const later = Math.floor(Date.now() / 1000) + 300;

/** Name, the token of a door's scope, and the answer; null: the door's success. */
const keys: [
  string,
  (scope: string) => Promise<string | undefined>,
  { status: number; code: string } | null,
][] = [
  ['no token', async () => undefined, { status: 401, code: 'no-token' }],
  ['the right one', (scope) => makeToken({ scope, run: RUN }), null],
  ['one for every run', (scope) => makeToken({ scope }), null],
  ['one for several runs', (scope) => makeToken({ scope, run: ['other', RUN] }), null],
  ['one whose run is written in NFD', (scope) => makeToken({ scope, run: RUN.normalize('NFD') }), null],
  ['one with several scopes', () => makeToken({ scope: 'metrics read publish' }), null],
  ['one of the older key', (scope) => makeToken({ scope }, OLDER_SECRET), null],
  [
    'one of another scope',
    (scope) => makeToken({ scope: `${scope}er` }),
    { status: 403, code: 'wrong-scope' },
  ],
  ['an expired one', (scope) => makeToken({ scope, expiresIn: -60 }), { status: 401, code: 'expired-token' }],
  [
    'alg: none',
    async (scope) => unsecuredToken({ scope, run: '*', exp: later }),
    { status: 401, code: 'invalid-token' },
  ],
  [
    'one of a foreign key',
    (scope) => makeToken({ scope }, FOREIGN_SECRET),
    { status: 401, code: 'invalid-token' },
  ],
  [
    'a tampered one',
    async (scope) =>
      (await makeToken({ scope, run: 'other' })).replace(/\.(.*)\./, `.${await bodyOf({ scope })}.`),
    { status: 401, code: 'invalid-token' },
  ],
];

async function bodyOf(claims: TokenClaims): Promise<string> {
  return (await makeToken(claims)).split('.')[1] ?? '';
}

for (const door of doors)
  test(`tokens at ${door.name}`, async (t) => {
    for (const [name, token, refusal] of keys)
      await t.test(name, async () => {
        const { status, code, header } = await door.knock(await token(door.scope), '');
        assert.equal(status, refusal?.status ?? door.success);
        if (!refusal) return;
        if (door.name !== 'its HEAD') assert.equal(code, refusal.code);
        assert.match(header, /^Bearer realm="run-progress"/);
      });
    if (door.scope === 'metrics') return;
    await t.test('one for another run', async () => {
      const { status, code } = await door.knock(await makeToken({ scope: door.scope, run: ['other'] }), '');
      assert.equal(status, 403);
      if (door.name !== 'its HEAD') assert.equal(code, 'wrong-run');
    });
    await t.test('a short-lived one in the URL', async () => {
      const { status, code } = await door.knock(
        undefined,
        `token=${await makeToken({ scope: door.scope, run: RUN })}`,
      );
      if (door.scope === 'read') assert.equal(status, door.success);
      else assert.deepEqual({ status, code }, { status: 401, code: 'token-in-url' });
    });
    await t.test('a long-lived one in the URL', async () => {
      const token = await makeToken({ scope: door.scope, run: RUN, expiresIn: 3600 });
      assert.equal((await door.knock(undefined, `token=${token}`)).status, 401);
    });
  });

test('a cookie is as good as the header', async () => {
  const cookie = (token: string) => ({ headers: { cookie: `a=b; run_progress_token=${token}` } });
  const url = `${service.url}/api/runs/${encoded}`;
  const right = await request(url, cookie(await makeToken({ run: RUN })));
  const wrong = await request(url, cookie(await makeToken({ run: 'other' })));
  await Promise.all([right.body.dump(), wrong.body.dump()]);
  assert.deepEqual([right.statusCode, wrong.statusCode], [200, 403]);
});

test('a token in the URL counts before the cookie, which may be an old one', async () => {
  const token = await makeToken({ run: RUN });
  const { statusCode, body } = await request(`${service.url}/api/runs/${encoded}?token=${token}`, {
    headers: { cookie: `run_progress_token=${await makeToken({ run: 'other' })}` },
  });
  await body.dump();
  assert.equal(statusCode, 200);
});

test('with ALLOWED_ORIGINS=* no page of another origin does anything by the cookie of its visitor', async (t) => {
  const open = await startService({ PROGRESS_SECRET: SECRET, ALLOWED_ORIGINS: '*' });
  t.after(() => open.stop());
  const cookie = `run_progress_token=${await makeToken({ scope: 'read publish' })}`;
  const statusOf = async (origin: string) => {
    const headers = { cookie, origin };
    const posted = await request(open.eventsUrl('r'), { method: 'POST', body: '{}', headers });
    await posted.body.dump();
    const socket = new WebSocket(open.webSocketUrl('r'), { headers });
    const handshake = await new Promise<number>((resolve) => {
      socket.once('open', () => resolve(101));
      socket.once('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
      socket.on('error', () => {});
    });
    socket.terminate();
    return [posted.statusCode, handshake];
  };
  assert.deepEqual(await statusOf('https://evil.example'), [401, 401]);
  assert.deepEqual(await statusOf('null'), [401, 401]);
  assert.deepEqual(await statusOf(open.url), [201, 101]);
});

test('of several runs each must be allowed', async () => {
  const token = await makeToken({ run: [RUN] });
  const { statusCode, body } = await request(`${service.url}/api/events?wait=0&run=${encoded}&run=other`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await body.dump();
  assert.equal(statusCode, 403);
});

test('the pages and the probes need no token', async () => {
  for (const path of ['/', '/run-progress.js', '/healthz', '/readyz']) {
    const { statusCode, body } = await request(`${service.url}${path}`);
    await body.dump();
    assert.equal(statusCode, 200, path);
  }
});

test('no route is missing here', async (t) => {
  const { routes, stop } = await startLocalService();
  t.after(stop);
  const needing = routes
    .filter(({ scope }) => scope !== 'none')
    .map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(
    needing.filter((route) => !doors.some((door) => door.route === route)),
    [],
  );
  const open = routes.filter(({ scope }) => scope === 'none').map(({ path }) => path);
  assert.deepEqual(open, ['/healthz', '/readyz'], 'what needs no token is named here, one by one');
});
