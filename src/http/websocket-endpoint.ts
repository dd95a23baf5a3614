// The WebSocket of a run.
import type { WebSockets } from '../delivery/websocket.ts';
import type { Hub } from '../runs/hub.ts';
import type { AddressOf } from './client-address.ts';
import type { Connections } from './connections.ts';
import { runInPath, wantedRun } from './requested-run.ts';
import type { Route, UpgradeContext } from './route.ts';

export interface WebSocketEndpointOptions {
  hub: Hub;
  webSockets: WebSockets;
  connections: Connections;
  addressOf: AddressOf;
}

export function webSocketRoutes({
  hub,
  webSockets,
  connections,
  addressOf,
}: WebSocketEndpointOptions): Route[] {
  async function upgrade({ request, socket, rest, query, runIds, permit }: UpgradeContext) {
    const { runId, cursor } = wantedRun(request, query, runIds);
    const client = () => addressOf(request, request.socket);
    const run = await hub.open(runId, { cursor, client });
    if (socket.destroyed) return;
    await connections.enter(
      socket,
      { transport: 'websocket', runIds, from: [cursor], permit, address: client },
      () => webSockets.accept(request, socket, rest, run, cursor),
    );
  }

  return [{ method: 'GET', path: '/ws/:run_id', scope: 'read', runsOf: runInPath, upgrade }];
}
