// Finds the endpoint for a request, or refuses the request. Every request of every transport comes through here.
import type { Access } from './access.ts';
import type { Gate } from './gate.ts';
import type { RequestHead } from './plain-head.ts';
import { HttpProblem } from './problem.ts';
import type { Admitted, AnswerRoute, Route, TakeOverRoute, UpgradeRoute } from './route.ts';
import { findRoute } from './router.ts';

/** A request that was admitted, as its endpoint gets it. */
export interface Pass<R extends Route> extends Admitted {
  route: R;
}

export interface Admission {
  /** The route, if the request may use it. Throws the HttpProblem that says why not. */
  admit(head: RequestHead): Promise<Pass<AnswerRoute | TakeOverRoute>>;
  /** The same for a request that wants a WebSocket. */
  admitUpgrade(head: RequestHead): Promise<Pass<UpgradeRoute>>;
  /** Whether its route answers on the connection itself. Does not ask whether the request may use it. Never throws. */
  takesOver(head: RequestHead): boolean;
}

export interface AdmissionOptions {
  routes: readonly Route[];
  /** Where the routes are, for the answer to a request that finds none. '' is the root. */
  basePath?: string;
  access: Access;
  gate: Gate;
}

export function createAdmission({ routes, basePath = '', access, gate }: AdmissionOptions): Admission {
  async function admitAny(head: RequestHead): Promise<AnyPass> {
    checkHostField(head);
    const { route, params, query } = findRoute(routes, head.method ?? '', head.url ?? '/', basePath);
    // A health check names the service as its network does, and the answer tells a foreign page nothing.
    if (!route.isForHealthChecks) access.checkHost(head);
    // A page could make these requests without its visitor's consent. CORS protects the answers of all others.
    if (route.method === 'POST' || 'upgrade' in route) access.checkOrigin(head);
    const runIds = 'runsOf' in route ? route.runsOf({ params, query }) : [];
    const { scope } = route;
    const mayUseCookie = access.mayUseCookie(head);
    const permit =
      scope === 'none' ? ANYBODY : await gate.admit(head, query, { scope, runs: runIds, mayUseCookie });
    return { route, params, query, runIds, permit } as AnyPass;
  }

  return {
    admit: async (head) => {
      const pass = await admitAny(head);
      if (isUpgrade(pass)) throw upgradeRequired();
      return pass;
    },
    admitUpgrade: async (head) => {
      const pass = await admitAny(head);
      if (isUpgrade(pass)) return pass;
      throw new HttpProblem(404, 'not-found', 'No WebSocket is here: it is at /ws/{run_id}.');
    },
    takesOver: (head) => {
      try {
        return 'takeOver' in findRoute(routes, head.method ?? '', head.url ?? '/').route;
      } catch {
        // An HttpProblem: `admit` will throw it again.
        return false;
      }
    },
  };
}

type AnyPass = Pass<AnswerRoute | TakeOverRoute> | Pass<UpgradeRoute>;

function isUpgrade(pass: AnyPass): pass is Pass<UpgradeRoute> {
  return 'upgrade' in pass.route;
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

function upgradeRequired(): HttpProblem {
  return new HttpProblem(426, 'upgrade-required', 'Here is a WebSocket: open it with ws:// or wss://.', {
    headers: { Upgrade: 'websocket', Connection: 'close, Upgrade' },
  });
}
