// The two messages of the contract, as a client sees them.
export interface SnapshotMessage {
  type: 'initial_state';
  run_id: string;
  id: number;
  ts: number | null;
  started: number | null;
  first_id: number | null;
  state: string | null;
  progress: number | null;
  current?: number;
  total?: number;
  attempt?: number;
  logs: string[];
  log_times: number[];
  states?: string[];
  state_times?: number[];
  data?: Record<string, unknown>;
  done: boolean;
  gap?: boolean;
}

export interface ProgressMessage {
  type: 'progress';
  run_id: string;
  id: number;
  ts: number;
  state: string | null;
  progress: number | null;
  current?: number;
  total?: number;
  attempt?: number;
  message: string;
  data?: Record<string, unknown>;
  done?: boolean;
}
