// How the connection is, as the view and the page hear of it.

/** `stream`: events come as they happen. `poll`: one long answer after the other, where streams don't get through. */
export type TransportName = 'stream' | 'poll';

export interface ConnectionStatus {
  /**
   * `closed`: nothing more is expected, or nobody asked. `unauthorized`: the token is missing, expired, or for something
   * else; it is tried again. `refused`: the server won't have it (the run's id, say), today or tomorrow; nothing is
   * tried until an attribute changes.
   */
  readonly phase: 'connecting' | 'live' | 'retrying' | 'unauthorized' | 'closed' | 'refused';
  readonly transport: TransportName;
  /** Local time in ms at which this began; stays through repeated failures. */
  readonly since: number;
}
