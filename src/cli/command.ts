// What a command of `run-progress` is: its words for --help, and the world that it acts in.
import type { Readable, Writable } from 'node:stream';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A process as a command sees it. */
export interface World {
  readonly env: Environment;
  readonly stdin: Readable & { isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  /** Where signals arrive. */
  readonly signals: Pick<NodeJS.EventEmitter, 'on' | 'off'>;
}

export type Output = Writable & {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  hasColors?(count?: number): boolean;
};

export interface Command {
  /** For --help: how it is called, what it does, its options, examples. */
  readonly usage: string;
  /** Fulfilled with the exit code. Throws UsageError for what the caller has to change. */
  run(args: readonly string[], world: World): Promise<number>;
}

/** The caller has to change something: exit code 2, with a sentence that says what. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
