// What must hold before every proxy, whatever it is and however it was set up. A service behind it is quiet at first: with
// one heartbeat in half a minute nothing but the proxy itself can push an event out. Then it restarts, and beats once a second.
import type { TestContext } from 'node:test';
import { freePort } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { type Front, type Recipe, startFront } from './front.ts';
import { createFrontClient, type FrontClient, type HttpVersion } from './front-client.ts';
import {
  goesThroughRestart,
  livesThroughSilence,
  MAX_STREAMS,
  type Restarted,
  tellsAddresses,
} from './lively-checks.ts';
import {
  countStreams,
  followsAtOnce,
  followsRunWithSlash,
  hasPage,
  pollsLong,
  readsRefusal,
  speaksWebSocket,
} from './quiet-checks.ts';
import { type Bed, type Stage, untilNoneIsOpen } from './stage.ts';

export interface Way {
  /** Of the block in docs/proxies.md. */
  block: string;
  /** What the guide says to change in it. */
  edit?: (block: string) => string;
  /** Where the service is found: '' or '/progress'. */
  path: string;
  /** BASE_PATH of the service: the proxy passes paths on as they are. */
  basePath?: string;
  /** Another proxy between this one and the service. */
  behind?: { recipe: Recipe; edit: (block: string) => string };
}

/** What differs from proxy to proxy, and is no fault. */
export interface Observed extends Restarted {
  /** Whether a run may be named 'a/b'. */
  takesSlashes: boolean;
  /** How many of MANY_STREAMS it serves at once over one connection of HTTP/2; null without HTTP/2. */
  streamsAtOnce: number | null;
}

const QUIET = '30';
/** Of the last proxy, before a service that beats once a second. */
const TIMEOUT_SECONDS = 3;

export async function proxyContract(t: TestContext, recipe: Recipe, way: Way, bed: Bed): Promise<Observed> {
  const port = String(await freePort());
  const { path, basePath = '' } = way;
  const env = { PORT: port, REDIS_URL: bed.redisUrl, BASE_PATH: basePath };
  const quiet = await startService({ ...env, HEARTBEAT_SECONDS: QUIET });
  t.after(() => quiet.stop('SIGKILL'));
  const front = await startFronts(t, recipe, Number(port), way);
  const clients = openClients(t, recipe, front);
  const direct = createFrontClient(new URL(quiet.url).origin, '1.1');
  const stage: Stage = { t, bed, front, path, clients, direct, basePath };

  for (const client of clients) {
    await followsAtOnce(stage, client, 'sse');
    await followsAtOnce(stage, client, 'ndjson');
    await pollsLong(stage, client);
    await readsRefusal(stage, client);
  }
  await speaksWebSocket(stage);
  await hasPage(stage);
  const takesSlashes = await followsRunWithSlash(stage);

  const streamsAtOnce = recipe.hasHttp2 ? await countStreams(stage) : null;
  const seen = await goesThroughRestart(stage, {
    stop: () => quiet.stop('SIGTERM'),
    start: async () => {
      const lively = await startService({
        ...env,
        HEARTBEAT_SECONDS: '1',
        TRUSTED_PROXIES: way.behind ? '2' : '1',
        MAX_CONNECTIONS_PER_ADDRESS: String(MAX_STREAMS),
      });
      t.after(() => lively.stop('SIGKILL'));
    },
  });
  await untilNoneIsOpen(stage);
  const strict = await startFronts(t, recipe, Number(port), { ...way, timeoutSeconds: TIMEOUT_SECONDS });
  const strictClients = openClients(t, recipe, strict);
  await livesThroughSilence({ ...stage, front: strict, clients: strictClients });
  // On connections of their own: Apache serves few streams at once on one that has reset some.
  for (const client of openClients(t, recipe, front)) await tellsAddresses(stage, client);
  return { ...seen, takesSlashes, streamsAtOnce };
}

async function startFronts(
  t: TestContext,
  recipe: Recipe,
  servicePort: number,
  way: Way & { timeoutSeconds?: number },
): Promise<Front> {
  let port = servicePort;
  if (way.behind) {
    const { recipe: inner, edit } = way.behind;
    const { url, stop } = await startFront(inner, port, { ...way, block: inner.name, edit });
    t.after(stop);
    port = Number(new URL(url).port);
  }
  const front = await startFront(recipe, port, way);
  t.after(front.stop);
  return front;
}

function openClients(t: TestContext, { hasHttp2 }: Recipe, { url }: Front): FrontClient[] {
  const versions: HttpVersion[] = hasHttp2 ? ['1.1', '2'] : ['1.1'];
  return versions.map((version) => {
    const client = createFrontClient(url, version);
    t.after(client.close);
    return client;
  });
}
