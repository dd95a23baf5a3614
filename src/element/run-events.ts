// What a page hears of a run: the element's DOM events.
import type { ConnectionStatus } from './connection-status.ts';
import type { Known } from './feed/known-run.ts';
import { type RunState, textsOf } from './run-state.ts';

/**
 * The detail of `run-progress`, `run-complete` and `run-failed`. What is left out is the element's own bookkeeping, which has
 * other names in the bundled script.
 */
export interface RunDetail extends Omit<RunState, 'entered' | 'given'> {
  runId: string;
  /** Oldest first. */
  logs: readonly string[];
}

/** Fires what the way from `before` to `known` means, at the element that shows the run. */
export function fireChanges(
  element: Element,
  runId: string,
  { state, status }: Readonly<Known>,
  before: Readonly<Known>,
  isFailure: (state: string | null) => boolean,
): void {
  const fire = (name: string, detail: RunDetail | ConnectionStatus) =>
    element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  const endingOf = (run: RunState) =>
    run.done ? (isFailure(run.state) ? 'run-failed' : 'run-complete') : undefined;

  if (state !== before.state) {
    const detail = {
      ...state,
      runId,
      // Made when asked for: most listeners never do, and events may come by the thousand.
      get logs() {
        return textsOf(state);
      },
    };
    fire('run-progress', detail);
    const ending = endingOf(state);
    if (ending !== undefined && ending !== endingOf(before.state)) fire(ending, detail);
  }
  if (status.phase !== before.status.phase || status.transport !== before.status.transport) {
    fire('run-connection', status);
  }
}

declare global {
  interface HTMLElementEventMap {
    'run-progress': CustomEvent<RunDetail>;
    'run-complete': CustomEvent<RunDetail>;
    'run-failed': CustomEvent<RunDetail>;
    'run-connection': CustomEvent<ConnectionStatus>;
  }
}
