import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReminder } from '../../src/stores/reminder.ts';

test('what fails each second is said at first, once a minute, when the reason changes, and when it is news again', () => {
  let seconds = 0;
  const reminder = createReminder(() => seconds * 1000);
  const said: string[] = [];
  const failUntil = (end: number, reason: string) => {
    for (; seconds < end; seconds++) if (reminder.isDue(reason)) said.push(`${seconds} ${reason}`);
  };
  failUntil(150, 'NOPERM');
  failUntil(155, 'OOM');
  reminder.end();
  failUntil(160, 'OOM');
  assert.deepEqual(said, ['0 NOPERM', '60 NOPERM', '120 NOPERM', '150 OOM', '155 OOM']);
});
