// Health checks: whether the process is alive, and whether it can do its work.
import type { Store } from '../runs/store.ts';
import { HttpProblem } from './problem.ts';
import type { AnswerContext, Route } from './route.ts';

export interface HealthEndpointOptions {
  store: Store;
  /** Why nobody can publish, by the configuration; null: somebody can. */
  publishingProblem: string | null;
  /** The service is shutting down. */
  isClosing(): boolean;
}

const HEADERS = { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store' };

export function healthRoutes({ store, publishingProblem, isClosing }: HealthEndpointOptions): Route[] {
  function live({ response }: AnswerContext) {
    response.writeHead(200, HEADERS).end('ok\n');
  }

  async function storeProblem(): Promise<string | null> {
    const { ready, reason = 'unknown' } = await store.status();
    return ready ? null : reason;
  }

  async function ready({ response }: AnswerContext) {
    const reason = isClosing() ? 'shutting down' : (publishingProblem ?? (await storeProblem()));
    if (reason !== null) throw new HttpProblem(503, 'not-ready', reason, { headers: { 'Retry-After': '2' } });
    response.writeHead(200, HEADERS).end('ready\n');
  }

  return [
    { method: 'GET', path: '/healthz', scope: 'none', isForHealthChecks: true, answer: live },
    { method: 'GET', path: '/readyz', scope: 'none', isForHealthChecks: true, answer: ready },
  ];
}
