// Finds the endpoint for a request, or refuses the request. Every request of every transport comes through here.
import type { Access } from './access.ts';
import type { RequestHead } from './plain-head.ts';
import { HttpProblem } from './problem.ts';
import type { Admitted, AnswerRoute, Matched, Route, TakeOverRoute, UpgradeRoute } from './route.ts';
import { findRoute } from './router.ts';
import type { Gate } from './token-gate.ts';

/** The route of a request. */
export interface Found<R extends Route> extends Matched {
  route: R;
}

/** A request that was admitted, as its endpoint gets it. */
export interface Pass<R extends Route> extends Found<R>, Admitted {}

/** All but `streamOf` throw the HttpProblem that says why the request is refused. */
export interface Admission {
  /** Where the request goes if it is answered on its connection; it may yet be refused. Null for every other. Never throws. */
  streamOf(head: RequestHead): Found<TakeOverRoute> | null;
  admitStream(head: RequestHead, found: Found<TakeOverRoute>): Promise<Pass<TakeOverRoute>>;
  admit(head: RequestHead): Promise<Pass<AnswerRoute>>;
  admitUpgrade(head: RequestHead): Promise<Pass<UpgradeRoute>>;
}

export interface AdmissionOptions {
  routes: readonly Route[];
  /** Where the routes are, for the answer to a request that finds none. '' is the root. */
  basePath?: string;
  access: Access;
  gate: Gate;
}

export function createAdmission({ routes, basePath = '', access, gate }: AdmissionOptions): Admission {
  function find(head: RequestHead): Found<Route> {
    checkHostField(head);
    return findRoute(routes, head.method ?? '', head.url ?? '/', basePath);
  }

  async function check<R extends Route>(head: RequestHead, found: Found<R>): Promise<Pass<R>> {
    const { route, params, query } = found;
    // A health check names the service as its network does, and the answer tells a foreign page nothing.
    if (!route.isForHealthChecks) access.checkHost(head);
    // A page could make these requests without its visitor's consent. CORS protects the answers of all others.
    if (route.method === 'POST' || 'upgrade' in route) access.checkOrigin(head);
    const runIds = 'runsOf' in route ? route.runsOf(found) : [];
    const { scope } = route;
    const mayUseCookie = access.mayUseCookie(head);
    const permit =
      scope === 'none' ? ANYBODY : await gate.admit(head, query, { scope, runs: runIds, mayUseCookie });
    return { route, params, query, runIds, permit };
  }

  return {
    streamOf: (head) => {
      try {
        const found = find(head);
        return isBy('takeOver', found) ? found : null;
      } catch {
        // An HttpProblem: `admit` will throw it again.
        return null;
      }
    },
    admitStream: check,
    admit: async (head) => {
      const pass = await check(head, find(head));
      if (isBy('answer', pass)) return pass;
      throw 'upgrade' in pass.route ? upgradeRequired() : pipelined();
    },
    admitUpgrade: async (head) => {
      const pass = await check(head, find(head));
      if (isBy('upgrade', pass)) return pass;
      throw new HttpProblem(404, 'not-found', 'No WebSocket is here: it is at /ws/{run_id}.');
    },
  };
}

/** The function by which the route's endpoint takes the request. */
function isBy<K extends 'answer' | 'takeOver' | 'upgrade', F extends Found<Route>>(
  name: K,
  found: F,
): found is F & Found<Extract<Route, Record<K, unknown>>> {
  return name in found.route;
}

const ANYBODY = { subject: '', expiresAt: null };

/** RFC 9112, 3.2: one Host. Of two, a proxy might take the other one. Throws 400. */
export function checkHostField({ httpVersion, headers: { host }, rawHeaders = [] }: RequestHead) {
  const times = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;
  if (times > 1 || (host === undefined && httpVersion !== '1.0'))
    throw new HttpProblem(400, 'bad-request', 'A request has one Host header.', {
      headers: { Connection: 'close' },
    });
}

function pipelined(): HttpProblem {
  return new HttpProblem(400, 'pipelined', 'A stream needs a connection of its own, with nothing before it.');
}

function upgradeRequired(): HttpProblem {
  return new HttpProblem(426, 'upgrade-required', 'Here is a WebSocket: open it with ws:// or wss://.', {
    headers: { Upgrade: 'websocket', Connection: 'close, Upgrade' },
  });
}
