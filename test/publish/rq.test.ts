// The RQ recipe of docs/recipes.md, run by a real RQ worker as it stands there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readHistory } from '../support/history-list.ts';
import { startRedis } from '../support/redis.ts';

const guide = readFileSync(new URL('../../docs/recipes.md', import.meta.url), 'utf8');

const DRIVER = `
import os
from redis import Redis
from rq import Queue, Worker
from tasks import resize
connection = Redis.from_url(os.environ["REDIS_URL"])
queue = Queue(connection=connection)
queue.enqueue(resize, ["a.png", "우주.png"], job_id="rq-job")
Worker([queue], connection=connection).work(burst=True)
`;

test('a job of RQ reports as the recipe says', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const recipe = /<!-- tested: rq -->\n```python\n(.*?)```/s.exec(guide)?.[1];
  assert.ok(recipe);
  writeFileSync(join(folder, 'tasks.py'), recipe);
  writeFileSync(join(folder, 'driver.py'), DRIVER);
  copyFileSync('src/publish/publish_progress.py', join(folder, 'publish_progress.py'));
  execFileSync('/usr/bin/python3', ['driver.py'], {
    cwd: folder,
    env: { PATH: process.env.PATH, REDIS_URL: redis.url, PYTHONPATH: folder },
    stdio: 'pipe',
  });
  const events = await readHistory(client, 'rq-job');
  assert.deepEqual(
    events.map(({ state, progress, message }) => [state, progress, message]),
    [
      ['RESIZING', 0.5, 'a.png'],
      ['RESIZING', 1, '우주.png'],
      ['END', 1, ''],
    ],
  );
});
