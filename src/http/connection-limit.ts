// How many streams and WebSockets are open at once.
import { HttpProblem } from './problem.ts';

export interface ConnectionLimit {
  /** Throws 503 when there is no room for one more. */
  check(): void;
  onOpen(): void;
  onClose(): void;
  /** How many are open. */
  count(): number;
}

export function createConnectionLimit(max: number): ConnectionLimit {
  let open = 0;
  return {
    check: () => {
      if (open < max) return;
      throw new HttpProblem(503, 'too-many-connections', `All ${max} connections are in use.`, {
        headers: { 'Retry-After': '5' },
      });
    },
    onOpen: () => {
      open++;
    },
    onClose: () => {
      open--;
    },
    count: () => open,
  };
}
