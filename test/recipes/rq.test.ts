// The RQ recipe of docs/recipes.md, run by a real RQ worker as it stands there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { guideBlock } from '../support/guide.ts';
import { readHistory } from '../support/history-list.ts';
import { startRedis } from '../support/redis.ts';
import { recipeFolder } from './folder.ts';

const DRIVER = `
import os
from redis import Redis
from rq import Queue, Worker
from tasks import resize
connection = Redis.from_url(os.environ["REDIS_URL"])
queue = Queue(connection=connection)
queue.enqueue(resize, ["a.png", "우주.png"], job_id="good")
queue.enqueue(resize, None, job_id="bad")
Worker([queue], connection=connection).work(burst=True)
`;

test('a job of RQ counts its parts, and says how it ended', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const folder = recipeFolder(t, {
    'tasks.py': guideBlock('recipes', 'rq'),
    'driver.py': DRIVER,
    'publish_progress.py': readFileSync('src/publish/publish_progress.py', 'utf8'),
  });
  execFileSync('/usr/bin/python3', ['driver.py'], {
    cwd: folder,
    env: { PATH: process.env.PATH, REDIS_URL: redis.url },
    stdio: 'pipe',
  });
  const good = await readHistory(client, 'good');
  assert.deepEqual(good.map(({ message }) => message).filter(Boolean), ['a.png', '우주.png']);
  const { state, progress, current, total } = good.at(-1) ?? {};
  assert.deepEqual([state, progress, current, total], ['END', 1, 2, 2]);
  const bad = (await readHistory(client, 'bad')).at(-1);
  assert.deepEqual([bad?.state, bad?.message], ['FAILED', "TypeError: 'NoneType' object is not iterable"]);
});
