// How the connection is, as the view and the page hear of it.

export type TransportName = 'sse' | 'websocket' | 'poll';

export interface ConnectionStatus {
  /** `closed`: nothing more is expected, or nobody asked. */
  readonly phase: 'connecting' | 'live' | 'retrying' | 'closed';
  readonly transport: TransportName;
  /** Local time in ms at which this began; stays through repeated failures. */
  readonly since: number;
}
