// What passes between the benchmark and its load generator: one server in one scenario, and the figures of it.

/** `unchunked`: the service again, read by HTTP/1.0. So its ratio is the cost of chunks. */
export type TargetName = 'service' | 'unchunked' | 'naive' | 'ws';
/** How the readers ask. */
export type Protocol = 'HTTP/1.1' | 'HTTP/1.0' | 'WebSocket';
export type ScenarioName = 'idle' | 'paced' | 'burst' | 'replay';

export interface Turn {
  scenario: ScenarioName;
  runId: string;
  /** The server's process. */
  pid: number;
  port: number;
  path: string;
  protocol: Protocol;
  /** It answers a cursor with what came after it. */
  hasReplay: boolean;
  readers: number;
  updates: number;
  /** Null: as fast as they go. */
  updatesPerSecond: number | null;
}

export type FigureName =
  | 'eventsPerSecond'
  | 'cpuUsPerEvent'
  | 'cpuUsPerReader'
  | 'bytesPerReader'
  | 'growthMegabytes'
  | 'p50Ms'
  | 'p99Ms'
  | 'delivered'
  | 'missing'
  | 'doubled'
  | 'outOfOrder'
  /** The share of one core that the load generator used: near 1 it is what was measured. */
  | 'generatorLoad';

/** Null: can't be known here. Left out: says nothing in this scenario. */
export type Figures = Partial<Record<FigureName, number | null>>;

/** How far a turn is: `done` of `total`. */
export interface TurnProgress {
  done: number;
  total: number;
  what: 'readers' | 'deliveries';
}

export type FromLoad = { progress: TurnProgress } | { figures: Figures } | { error: string };
