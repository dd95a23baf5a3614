// Everything that the service answers, but for its files.
import { badgeRoutes } from './badge-endpoint.ts';
import { type HealthEndpointOptions, healthRoutes } from './health-endpoint.ts';
import { type MetricsOptions, metricsRoutes } from './metrics-endpoint.ts';
import { pollRoutes } from './poll-endpoint.ts';
import { type PublishEndpointOptions, publishRoutes } from './publish-endpoint.ts';
import type { Route } from './route.ts';
import { type StreamEndpointOptions, streamRoutes } from './stream-endpoint.ts';
import { type WebSocketEndpointOptions, webSocketRoutes } from './websocket-endpoint.ts';

export type RoutesOptions = StreamEndpointOptions &
  WebSocketEndpointOptions &
  HealthEndpointOptions &
  Omit<PublishEndpointOptions & MetricsOptions, 'published'>;

export function createRoutes(given: RoutesOptions): Route[] {
  const options = { ...given, published: new Map<string, number>() };
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
