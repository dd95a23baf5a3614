// Metrics for Prometheus, of all processes together.
import { Registry } from 'prom-client';
import type { Route } from './route.ts';

export interface MetricsEndpointOptions {
  /** In Prometheus' text format. */
  metricsText(): Promise<string>;
}

export function metricsRoutes({ metricsText }: MetricsEndpointOptions): Route[] {
  return [
    {
      method: 'GET',
      path: '/metrics',
      scope: 'metrics',
      answer: async ({ response }) => {
        const text = await metricsText();
        response
          .writeHead(200, { 'Content-Type': Registry.PROMETHEUS_CONTENT_TYPE, 'Cache-Control': 'no-store' })
          .end(text);
      },
    },
  ];
}
