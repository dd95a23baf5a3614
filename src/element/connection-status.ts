// How the connection is, as the view and the page hear of it.

export type TransportName = 'sse' | 'websocket' | 'poll';

export interface ConnectionStatus {
  /**
   * `closed`: nothing more is expected, or nobody asked. `refused`: the server won't have it (the run's id, say), today
   * or tomorrow; nothing is tried until an attribute changes.
   */
  readonly phase: 'connecting' | 'live' | 'retrying' | 'closed' | 'refused';
  readonly transport: TransportName;
  /** Local time in ms at which this began; stays through repeated failures. */
  readonly since: number;
}
