// The WebSocket of a run: its address, and its cursor.
import type { WebSockets } from '../delivery/websocket.ts';
import type { Hub } from '../runs/hub.ts';
import type { ConnectionLimit } from './connection-limit.ts';
import { openRun, runInPath, wantedRun } from './requested-run.ts';
import type { Route, UpgradeContext } from './route.ts';

export interface WebSocketEndpointOptions {
  hub: Hub;
  webSockets: WebSockets;
  limit: ConnectionLimit;
}

export function webSocketRoutes({ hub, webSockets, limit }: WebSocketEndpointOptions): Route[] {
  async function upgrade({ request, socket, rest, query, runIds }: UpgradeContext) {
    const { runId, cursor } = wantedRun(request, query, runIds);
    const run = await openRun(hub, runId, { cursor });
    if (socket.destroyed) return;
    limit.check();
    webSockets.accept(request, socket, rest, run, cursor);
  }

  return [{ method: 'GET', path: '/ws/:run_id', scope: 'read', runsOf: runInPath, upgrade }];
}
