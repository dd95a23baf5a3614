// All routes of the service, except its files.
import { badgeRoutes } from './badge-endpoint.ts';
import { type HealthEndpointOptions, healthRoutes } from './health-endpoint.ts';
import { type MetricsEndpointOptions, metricsRoutes } from './metrics-endpoint.ts';
import { pollRoutes } from './poll-endpoint.ts';
import { type PublishEndpointOptions, publishRoutes } from './publish-endpoint.ts';
import type { Route } from './route.ts';
import { type StreamEndpointOptions, streamRoutes } from './stream-endpoint.ts';
import { type WebSocketEndpointOptions, webSocketRoutes } from './websocket-endpoint.ts';

export type RoutesOptions = StreamEndpointOptions &
  WebSocketEndpointOptions &
  HealthEndpointOptions &
  PublishEndpointOptions &
  MetricsEndpointOptions;

export function createRoutes(options: RoutesOptions): Route[] {
  return [
    ...streamRoutes(options),
    ...pollRoutes(options),
    ...badgeRoutes(options),
    ...publishRoutes(options),
    ...webSocketRoutes(options),
    ...healthRoutes(options),
    ...metricsRoutes(options),
  ];
}
