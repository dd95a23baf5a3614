// What is served of public/: in the coding that the client likes best, each with its own ETag.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { type Coding, chooseCoding } from '../../src/http/content-coding.ts';
import { staticRoutes } from '../../src/http/static-files.ts';
import { type Service, startService } from '../support/service.ts';

const ALL: readonly Coding[] = ['br', 'gzip', 'identity'];
const SCRIPT = '/run-progress.js';

const CHOICES: [accepted: string | undefined, chosen: Coding | null][] = [
  [undefined, 'identity'],
  ['', 'identity'],
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip, deflate', 'gzip'],
  ['deflate', 'identity'],
  ['identity', 'identity'],
  ['*', 'br'],
  ['gzip;q=1.0, br;q=0.5', 'gzip'],
  ['gzip;q=0.5, identity', 'identity'],
  ['GZIP', 'gzip'],
  ['x-gzip', 'gzip'],
  ['gzip ; q=0.8 , br;q=0', 'gzip'],
  ['br;q=0, gzip;q=0', 'identity'],
  ['*;q=0, gzip', 'gzip'],
  ['identity;q=0', null],
  ['*;q=0', null],
  ['identity;q=0, *;q=0.1', 'br'],
  ['identity;q=0, gzip;q=0.001', 'gzip'],
  ['*;q=0, identity', 'identity'],
  ['br;q=0.000', 'identity'],
  // No weights: these members are passed over.
  ['br;q=2, gzip', 'gzip'],
  ['br;q=abc', 'identity'],
  ['br;level=11', 'identity'],
  [',,gzip,', 'gzip'],
  ['brgzip', 'identity'],
];

for (const [accepted, chosen] of CHOICES)
  test(`Accept-Encoding ${accepted === undefined ? 'left out' : `"${accepted}"`}: ${chosen ?? 'nothing'}`, () => {
    assert.equal(chooseCoding(accepted, ALL), chosen);
  });

let service: Service;
before(async () => {
  service = await startService({ ALLOWED_ORIGINS: 'https://app.example' });
});
after(() => service.stop());

async function get(path: string, headers: Record<string, string>, method: 'GET' | 'HEAD' = 'GET') {
  const { statusCode, headers: answered, body } = await request(service.url + path, { method, headers });
  return { status: statusCode, headers: answered, body: Buffer.from(await body.arrayBuffer()) };
}

const DECODE: Record<string, (bytes: Buffer) => Buffer> = {
  identity: (bytes) => bytes,
  gzip: gunzipSync,
  br: brotliDecompressSync,
};

test('every file is the same in every coding, and says how long it is', async () => {
  for (const name of readdirSync('public'))
    for (const [coding, decode] of Object.entries(DECODE)) {
      const path = name === 'index.html' ? '/' : `/${name}`;
      const { status, headers, body } = await get(path, { 'accept-encoding': coding });
      assert.equal(status, 200);
      assert.equal(headers['content-encoding'] ?? 'identity', coding, name);
      assert.equal(headers['content-length'], String(body.length));
      assert.deepEqual(decode(body), readFileSync(`public/${name}`), name);
    }
});

test('HEAD says what GET would', async () => {
  for (const coding of Object.keys(DECODE)) {
    const ofGet = await get(SCRIPT, { 'accept-encoding': coding });
    const ofHead = await get(SCRIPT, { 'accept-encoding': coding }, 'HEAD');
    assert.equal(ofHead.body.length, 0);
    for (const name of ['content-length', 'content-encoding', 'etag', 'vary', 'content-type'])
      assert.equal(ofHead.headers[name], ofGet.headers[name], name);
  }
});

test('a cache may keep each coding: it has an ETag of its own, which is compared weakly', async () => {
  const etags = new Map<string, string>();
  for (const coding of Object.keys(DECODE)) {
    const { headers } = await get(SCRIPT, { 'accept-encoding': coding });
    assert.equal(headers.vary, 'Origin, Accept-Encoding');
    etags.set(coding, String(headers.etag));
  }
  assert.equal(new Set(etags.values()).size, 3);
  for (const [asked, decode] of Object.entries(DECODE))
    for (const [kept, etag] of etags)
      for (const tag of [etag, `W/${etag}`, `"other", ${etag}`]) {
        const answer = await get(SCRIPT, { 'accept-encoding': asked, 'if-none-match': tag });
        assert.equal(answer.status, asked === kept ? 304 : 200, `${tag} for ${asked}`);
        if (asked === kept) assert.equal(answer.body.length, 0);
        else assert.deepEqual(decode(answer.body), readFileSync(`public${SCRIPT}`));
        assert.equal(answer.headers.etag, etags.get(asked));
        assert.equal(answer.headers.vary, 'Origin, Accept-Encoding');
      }
});

test('a proxy that compresses by itself, and marks the ETag, gets its 304', async () => {
  const { headers } = await get(SCRIPT, {});
  const etag = String(headers.etag);
  for (const tag of [`W/${etag}`, etag.replace(/"$/, '-gzip"'), etag.replace(/"$/, ';br"')])
    assert.equal((await get(SCRIPT, { 'if-none-match': tag })).status, 304, tag);
});

test('who takes no coding that is there gets 406, and is told which are', async () => {
  const { status, headers, body } = await get(SCRIPT, { 'accept-encoding': 'identity;q=0, zstd' });
  const { code, detail } = JSON.parse(body.toString());
  assert.deepEqual([status, code, headers.vary], [406, 'not-acceptable', 'Origin, Accept-Encoding']);
  assert.match(detail, /br, gzip, identity/);
});

test('ranges are not for these: the whole is answered', async () => {
  const { status, headers, body } = await get(SCRIPT, { range: 'bytes=0-9' });
  assert.equal(status, 200);
  assert.equal(headers['accept-ranges'], undefined);
  assert.deepEqual(body, readFileSync(`public${SCRIPT}`));
});

test('a compressed file of an earlier build is not served', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-static-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'a.js'), 'new');
  writeFileSync(join(folder, 'a.js.br'), brotliCompressSync('old'));
  const url = pathToFileURL(`${folder}/`);
  const [route] = staticRoutes({ plain: url, compressed: url }, { '/a.js': 'a.js' });
  assert.ok(route && 'answer' in route);
  const { answer } = route;
  const context = { params: new Map(), query: new URLSearchParams(), runIds: [] };
  const permit = { subject: '', expiresAt: null };
  const server = createServer(
    (request, response) => void answer({ ...context, permit, request, response }),
  ).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address && typeof address === 'object');
  const { headers, body } = await request(`http://127.0.0.1:${address.port}/a.js`, {
    headers: { 'accept-encoding': 'br' },
  });
  assert.equal(headers['content-encoding'], undefined);
  assert.equal(await body.text(), 'new');
});
