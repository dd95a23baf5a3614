// What a reader gets next. Here, and nowhere else, it is decided whether a reader has missed events: a gap.
import { type Cursor, LOST, WAITING } from './cursor.ts';
import type { RunEvent } from './event.ts';
import type { History } from './history.ts';
import { type Snapshot, snapshotOf } from './snapshot.ts';

export type Step =
  /** The run has no events yet. */
  | { readonly kind: 'nothing'; readonly next: Cursor }
  /** The reader has the newest event. */
  | { readonly kind: 'caught-up' }
  /** The store must be read first: another server may be ahead of this history. */
  | { readonly kind: 'ask-store' }
  /** `next` is the reader's cursor once it has them. */
  | { readonly kind: 'events'; readonly events: readonly RunEvent[]; readonly next: Cursor }
  | { readonly kind: 'snapshot' | 'gap'; readonly snapshot: Snapshot; readonly next: Cursor };
type SnapshotStep = Extract<Step, { snapshot: Snapshot }>;

export interface Replay {
  /** Readers with the same cursor get the same step, so that they can share the bytes that are made of it. */
  stepAfter(cursor: Cursor, isSynced: boolean): Step;
  /** For who has nothing. Made once, until the history changes. */
  snapshot(): Snapshot;
  /** The cursor names an event that this history doesn't have yet. */
  isAhead(cursor: Cursor): boolean;
  /**
   * A reader's cursor after the list was lost and began again. `expired` is the last event of a finished run that has
   * expired, 0 for none: a reader that has it has missed nothing.
   */
  cursorAfterLoss(cursor: Cursor, expired: number): Cursor;
  /** The history has changed. */
  reset(): void;
}

const CAUGHT_UP: Step = { kind: 'caught-up' };
const ASK_STORE: Step = { kind: 'ask-store' };

export function createReplay(runId: string, history: History, historyLimit: number): Replay {
  let steps = new Map<number, Step>();
  let snapshots: { snapshot?: SnapshotStep; gap?: SnapshotStep } = {};

  function snapshotStep(kind: 'snapshot' | 'gap'): SnapshotStep {
    const id = history.lastId;
    const next: Cursor = id === 0 ? WAITING : { at: 'event', id };
    snapshots[kind] ??= { kind, snapshot: snapshotOf(runId, history, kind === 'gap'), next };
    return snapshots[kind];
  }

  function stepAfterEvent(id: number): Step {
    const known = steps.get(id);
    if (known) return known;
    const events = history.after(id);
    const last = events?.at(-1);
    // Not remembered: there is no limit to the ids that a client may name.
    if (!events || !last) return snapshotStep('gap');
    const step: Step = { kind: 'events', events, next: { at: 'event', id: last.id } };
    steps.set(id, step);
    return step;
  }

  function allEvents(cursor: Cursor): Step {
    return history.lastId === 0 ? { kind: 'nothing', next: cursor } : stepAfterEvent(history.firstId - 1);
  }

  function isAhead(cursor: Cursor): boolean {
    return cursor.at === 'event' && cursor.id > history.lastId;
  }

  return {
    stepAfter: (cursor, isSynced) => {
      switch (cursor.at) {
        case 'event':
          if (cursor.id === history.lastId) return CAUGHT_UP;
          return !isSynced && isAhead(cursor) ? ASK_STORE : stepAfterEvent(cursor.id);
        case 'lost':
          return isSynced ? snapshotStep('gap') : ASK_STORE;
        case 'snapshot':
          if (history.lastId !== 0) return snapshotStep('snapshot');
          return isSynced ? { kind: 'nothing', next: WAITING } : ASK_STORE;
        case 'start':
          return allEvents(cursor);
        case 'waiting':
          // A full history may have lost its first events already. A snapshot makes up for them.
          return history.events.length < historyLimit ? allEvents(cursor) : snapshotStep('snapshot');
      }
    },
    snapshot: () => snapshotStep('snapshot').snapshot,
    isAhead,
    cursorAfterLoss: (cursor, expired) => {
      if (cursor.at === 'snapshot' || cursor.at === 'start') return cursor;
      return cursor.at === 'event' && cursor.id === expired ? WAITING : LOST;
    },
    reset: () => {
      // Called for every event: mostly there is nothing to forget.
      if (steps.size > 0) steps = new Map();
      snapshots = {};
    },
  };
}
