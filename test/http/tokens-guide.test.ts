// The code of docs/tokens.md that makes tokens, run as it stands there, against the service.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import { guideBlock } from '../support/guide.ts';
import { type Service, startService } from '../support/service.ts';
import { makeToken, OLDER_SECRET, SECRET } from '../support/token.ts';

const RUN = '우주-여행';
const PYTHON = '/usr/bin/python3';

const DJANGO = `
import sys
import django
from django.conf import settings
settings.configure(ROOT_URLCONF="views", ALLOWED_HOSTS=["*"])
django.setup()
from django.test import RequestFactory
from views import progress_token_view

class User:
    is_authenticated = True
    username = "우주"

def answer(run_id):
    request = RequestFactory().post("/progress-token/x")
    request.user = User()
    return progress_token_view(request, run_id)

assert answer("someone-else").status_code == 403
allowed = answer("${RUN}")
assert "no-store" in allowed["Cache-Control"]
print(allowed.content.decode())
`;

let service: Service;
before(async () => {
  service = await startService({ PROGRESS_SECRET: SECRET });
  assert.equal(await statusOf(await makeToken({ scope: 'publish' }), RUN, 'POST'), 201);
});
after(() => service.stop());
const folder = mkdtempSync(join(tmpdir(), 'run-progress-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** What the command prints. */
function printed(command: string, args: readonly string[]): string {
  // The service's secret, and one that is to be retired.
  const env = { PATH: process.env.PATH, PROGRESS_SECRET: `${SECRET}, ${OLDER_SECRET}`, PYTHONUTF8: '1' };
  return execFileSync(command, args, { cwd: folder, env, encoding: 'utf8' }).trim();
}

async function statusOf(token: string, run: string, method: 'GET' | 'POST' = 'GET'): Promise<number> {
  const { statusCode, body } = await request(
    `${service.eventsUrl(run)}${method === 'GET' ? '?wait=0' : ''}`,
    {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(method === 'POST' && { body: '{}' }),
    },
  );
  await body.dump();
  return statusCode;
}

/** Good for reading this run, and for nothing else. */
async function checkReadToken(token: string) {
  assert.equal(await statusOf(token, RUN), 200);
  assert.equal(await statusOf(token, 'other'), 403);
  assert.equal(await statusOf(token, RUN, 'POST'), 403);
}

for (const name of ['pyjwt', 'stdlib'])
  test(`tokens by Python (${name})`, async () => {
    writeFileSync(join(folder, 'progress.py'), guideBlock('tokens', name));
    const call = (args: string) =>
      printed(PYTHON, ['-c', `from progress import progress_token; print(progress_token(${args}))`]);
    await checkReadToken(call(`"${RUN}"`));
    assert.equal(await statusOf(call('"*", "publish", 60'), RUN, 'POST'), 201);
    assert.equal(await statusOf(call(`"${RUN}", ttl=-60`), RUN), 401);
  });

test('tokens by Node (jose)', async () => {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(resolve('node_modules/jose'), join(folder, 'node_modules/jose'));
  writeFileSync(join(folder, 'token.mjs'), guideBlock('tokens', 'jose'));
  const call = (args: string) =>
    printed(process.execPath, [
      '--input-type=module',
      '-e',
      `import { progressToken } from './token.mjs'; console.log(await progressToken(${args}))`,
    ]);
  await checkReadToken(call(`'${RUN}'`));
  assert.equal(await statusOf(call("'*', 'publish', 60"), RUN, 'POST'), 201);
});

test('a view of Django gives tokens to those who may see the run', async () => {
  writeFileSync(join(folder, 'progress.py'), guideBlock('tokens', 'stdlib'));
  writeFileSync(join(folder, 'views.py'), `${guideBlock('tokens', 'django')}\nurlpatterns = []\n`);
  await checkReadToken(printed(PYTHON, ['-c', DJANGO]));
});
