// Finds the endpoint for a request, or refuses the request. Every request of every transport comes through here.
import type { Access } from './access.ts';
import type { RequestHead } from './plain-head.ts';
import { HttpProblem } from './problem.ts';
import type { Admitted, Found, Route } from './route.ts';
import { findRoute } from './router.ts';
import { ANYBODY, type Gate } from './token-gate.ts';

/** Both throw the HttpProblem that says why the request is refused. */
export interface Admission {
  find(head: RequestHead): Found;
  admit(head: RequestHead, found: Found): Promise<Admitted>;
}

export interface AdmissionOptions {
  routes: readonly Route[];
  /** Where the routes are, for the answer to a request that finds none. '' is the root. */
  basePath?: string;
  access: Access;
  gate: Gate;
}

export function createAdmission({ routes, basePath = '', access, gate }: AdmissionOptions): Admission {
  return {
    find: (head) => {
      checkHostField(head);
      return findRoute(routes, head.method ?? '', head.url ?? '/', basePath);
    },
    admit: async (head, found) => {
      const { route, params, query } = found;
      // A health check names the service as its network does, and the answer tells a foreign page nothing.
      if (!route.isForHealthChecks) access.checkHost(head);
      // A page could make these requests without its visitor's consent. CORS protects the answers of all others.
      if (route.method === 'POST' || 'upgrade' in route) access.checkOrigin(head);
      const runIds = 'runsOf' in route ? route.runsOf(found) : [];
      const { scope } = route;
      const permit = scope === 'none' ? ANYBODY : await gate.admit(head, query, { scope, runs: runIds });
      return { params, query, runIds, permit };
    },
  };
}

/** RFC 9112, 3.2: one Host. Of two, a proxy might take the other one. Throws 400. */
export function checkHostField({ httpVersion, headers: { host }, rawHeaders = [] }: RequestHead) {
  const times = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;
  if (times > 1 || (host === undefined && httpVersion !== '1.0'))
    throw new HttpProblem(400, 'bad-request', 'A request has one Host header.', {
      headers: { Connection: 'close' },
    });
}

/** The endpoint of this route can't take a request in the way in which it came. */
export function wrongWay(route: Route, isUpgrade: boolean): HttpProblem {
  if (isUpgrade) return new HttpProblem(404, 'not-found', 'No WebSocket is here: it is at /ws/{run_id}.');
  return 'upgrade' in route ? upgradeRequired() : pipelined();
}

function pipelined(): HttpProblem {
  return new HttpProblem(400, 'pipelined', 'A stream needs a connection of its own, with nothing before it.');
}

function upgradeRequired(): HttpProblem {
  return new HttpProblem(426, 'upgrade-required', 'Here is a WebSocket: open it with ws:// or wss://.', {
    headers: { Upgrade: 'websocket', Connection: 'close, Upgrade' },
  });
}
