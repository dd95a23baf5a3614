// The badge of a run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import { formatBadge } from '../../src/delivery/badge.ts';
import { setUp } from '../support/peers.ts';

const titleOf = (svg: string) => /<title>(.*)<\/title>/.exec(svg)?.[1];

test('it says state and percent, is not cached unasked, and an unknown run has one as well', async (t) => {
  const service = await setUp(t);
  const ask = async (headers = {}) => {
    const answer = await request(`${service.url}/api/runs/r/badge.svg`, { headers });
    return { ...answer, svg: await answer.body.text() };
  };
  const unknown = await ask();
  assert.equal(unknown.statusCode, 200);
  assert.equal(titleOf(unknown.svg), 'r: unknown');
  await service.store.publish('r', { state: 'RENDERING', progress: 0.75 });
  const known = await ask({ 'If-None-Match': String(unknown.headers.etag) });
  assert.equal(titleOf(known.svg), 'r: RENDERING 75 %');
  assert.equal(known.headers['content-type'], 'image/svg+xml; charset=utf-8');
  assert.equal(known.headers['cache-control'], 'no-cache');
  const same = await ask({ 'If-None-Match': String(known.headers.etag) });
  assert.deepEqual([same.statusCode, same.svg], [304, '']);
  await service.store.publish('r', { state: 'END' });
  assert.equal(titleOf((await ask()).svg), 'r: END 75 %');
});

test('names and states are text, however hostile, and the color is that of the end', () => {
  const svg = formatBadge('<script>&"', { state: '"><a \u202e', progress: null });
  assert.equal(titleOf(svg), '&lt;script&gt;&amp;&quot;: &quot;&gt;&lt;a \\u202e');
  assert.doesNotMatch(svg, /<script|<a /);
  const colorOf = (state: string, done: boolean) =>
    /x="\d+" width="\d+" height="20" fill="([^"]+)"/.exec(formatBadge('r', { state, done }))?.[1];
  const colors = [colorOf('QA', false), colorOf('END', true), colorOf('FAILED', true)];
  assert.equal(new Set(colors).size, 3);
  assert.ok(!colors.includes(undefined));
});

test('wide characters have their room, and long names are cut', () => {
  const widthOf = (id: string) => Number(/width="(\d+)"/.exec(formatBadge(id, null))?.[1]);
  assert.equal(widthOf('고양이'), widthOf('abcdef'));
  assert.equal(widthOf('x'.repeat(256)), widthOf('x'.repeat(30)));
});
