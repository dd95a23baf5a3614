// The settings' defaults, and the names of keys and channels. What a setting may be is in test/publish/vectors.json.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPublisher } from '../../src/publish/publisher.ts';
import {
  channelOf,
  isOwnChannel,
  keyOf,
  markerChannelOf,
  markerKeyOf,
  parseSettings,
} from '../../src/runs/settings.ts';

test('what is not given has its default', () => {
  assert.deepEqual(parseSettings({ historyLimit: 7 }), {
    keyPrefix: 'autoshorts',
    terminalStates: ['END', 'FAILED'],
    historyLimit: 7,
    runTtlMs: 86_400_000,
    finishedTtlMs: 3_600_000,
  });
});

test('a publisher is not made with an option that can not be used', () => {
  const redisUrl = 'redis://127.0.0.1:1';
  for (const bad of [{ historyLimit: 0 }, { runTtlSeconds: Number.NaN }, { finishedTtlSeconds: 0.5 }])
    assert.throws(() => createPublisher({ redisUrl, ...bad }), {
      name: 'TypeError',
      message: new RegExp(`^${Object.keys(bad)[0]} must be a whole number from 1 to \\d+, not `),
    });
});

test('channels bear the number of their database, keys do not', () => {
  assert.equal(keyOf('videos', '7/a'), 'videos:run:7/a');
  assert.equal(channelOf('videos', 0, '7/a'), 'videos:run:7/a');
  assert.equal(channelOf('videos', 12, '7/a'), '12/videos:run:7/a');
  assert.equal(markerKeyOf('videos'), 'videos:marker');
  assert.equal(markerChannelOf('videos', 0), 'videos:marker');
  assert.equal(markerChannelOf('videos', 3), '3/videos:marker');
});

test('the service knows its own channels, of any database', () => {
  for (const channel of ['videos:marker', '3/videos:marker', 'videos:run:x', '3/videos:run:x'])
    assert.equal(isOwnChannel(channel, 'videos'), true, channel);
  for (const channel of ['videos:progress', '3/videos:progress', 'other:marker', 'x/videos:marker'])
    assert.equal(isOwnChannel(channel, 'videos'), false, channel);
});
