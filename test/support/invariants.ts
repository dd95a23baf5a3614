// What must hold for whatever a reader has got, whatever happened meanwhile.
import assert from 'node:assert/strict';
import type { ProgressMessage, SnapshotMessage } from './messages.ts';

/** Ids go up by one; only a snapshot may jump, and where it does, it must say so by `gap`. */
export function assertNothingLostSilently(
  messages: readonly (SnapshotMessage | ProgressMessage)[],
  cursor: number | null = null,
) {
  let last = cursor;
  for (const [i, message] of messages.entries()) {
    const where = `message ${i} of ${messages.length}: ${JSON.stringify(message).slice(0, 200)}`;
    if (message.type === 'initial_state') {
      if (last !== null) assert.equal(message.gap, true, `a second snapshot without gap, ${where}`);
      last = message.id;
      continue;
    }
    if (last !== null && last !== 0) assert.equal(message.id, last + 1, `after ${last}, ${where}`);
    last = message.id;
  }
}

export function assertDense(ids: readonly number[]) {
  for (const [i, id] of ids.entries())
    if (i > 0) assert.equal(id, (ids[i - 1] ?? 0) + 1, `id ${i} of ${ids.length} after ${ids[i - 1]}`);
}

/** What came after the last snapshot is the history from there on; without one it is all of the history. */
export function assertFollowed(
  messages: readonly (SnapshotMessage | ProgressMessage)[],
  recorded: readonly ProgressMessage[],
  mayHaveGap: boolean,
) {
  assertNothingLostSilently(messages);
  if (!mayHaveGap)
    assert.ok(!messages.some((message) => message.type === 'initial_state' && message.gap), 'no gap');
  const at = messages.findLastIndex(({ type }) => type === 'initial_state');
  const snapshot = messages[at];
  const had = recorded.filter(({ id }) => id <= (snapshot?.id ?? 0));
  if (snapshot?.type === 'initial_state')
    assert.deepEqual(
      snapshot.logs,
      had.map(({ message }) => message),
    );
  assert.deepEqual(messages.slice(at + 1), recorded.slice(had.length));
}
