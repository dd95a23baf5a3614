// Request targets, taken apart by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HttpProblem } from '../../src/http/problem.ts';
import { matchPath, parseTarget } from '../../src/http/router.ts';

test('a target is its segments and its query, whatever it looks like', () => {
  const targets: [string, string[], string][] = [
    ['/', [''], ''],
    ['/a/b', ['a', 'b'], ''],
    ['/a?b=/c?d', ['a'], 'b=%2Fc%3Fd'],
    ['//evil/x', ['', 'evil', 'x'], ''],
    ['http://evil.example/a?b=1', ['a'], 'b=1'],
    ['/a/../b', ['a', '..', 'b'], ''],
    ['/%2F', ['%2F'], ''],
    ['/?', [''], ''],
    ['*', [], ''],
  ];
  for (const [target, segments, query] of targets) {
    const parsed = parseTarget(target);
    assert.deepEqual([parsed.segments, parsed.query.toString()], [segments, query], target);
  }
});

test('a path matches its pattern segment by segment, and parameters are decoded', () => {
  const match = (pattern: string, target: string) => {
    const params = matchPath(pattern, parseTarget(target).segments);
    return params && [...params.values()];
  };
  assert.deepEqual(match('/api/runs/:run_id/events', '/api/runs/a%2Fb/events'), ['a/b']);
  assert.deepEqual(match('/api/runs/:run_id', '/api/runs/%EA%B3%A0'), ['고']);
  assert.deepEqual(match('/', '/'), []);
  for (const target of ['/api/runs/a', '/api/runs/a/events/', '//api/runs/a/events', '/API/runs/a/events'])
    assert.equal(match('/api/runs/:run_id/events', target), null, target);
  assert.throws(() => match('/:run_id', '/%E0%A4%A'), HttpProblem);
});

test('no target makes it throw anything but a problem', () => {
  const target = fc.oneof(
    fc.string(),
    fc.webUrl(),
    fc.string().map((text) => `/ws/${text}`),
  );
  fc.assert(
    fc.property(target, (text) => {
      try {
        matchPath('/ws/:run_id', parseTarget(text).segments);
      } catch (error) {
        assert.ok(error instanceof HttpProblem && error.status === 400);
      }
    }),
    { numRuns: 1000 },
  );
});
