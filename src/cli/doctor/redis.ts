// The side of Redis: what the service and its workers need there, and whether they have it.
import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { markerKeyOf } from '../../runs/settings.ts';
import { createNodes, type Nodes } from '../../stores/nodes.ts';
import { recordingProblem } from '../../stores/redis-checks.ts';
import { reasonOf } from '../../stores/redis-client.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

export interface RedisDoctorOptions {
  redisUrl: string;
  redisCluster: boolean | null;
  tlsInsecure: boolean;
  rawChannel: string;
  keyPrefix: string;
}

const ANSWER_MS = 5000;
const PINGS = 10;
/** Each update waits for Redis once. */
const SLOW_MS = 50;
const TEST_TTL_SECONDS = 60;

// What the record script does, with a key that expires by itself.
const TRIAL = `redis.call('RPUSH', KEYS[1], 'doctor')
redis.call('LSET', KEYS[1], -1, 'doctor')
redis.call('LTRIM', KEYS[1], -1, -1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('LRANGE', KEYS[1], 0, -1)
redis.call('LINDEX', KEYS[1], -1)
redis.call('TIME')
return redis.call(ARGV[3], ARGV[2], 'doctor')`;

// Those of docs/redis.md.
const RIGHTS =
  '+ping +info +client|setname +time +subscribe +unsubscribe +evalsha +eval +get +set +lrange +lindex +rpush +lset +ltrim +pexpire +publish';
const CLUSTER_RIGHTS = '+ssubscribe +sunsubscribe +cluster|slots +cluster|info +spublish';

export async function checkRedis(options: RedisDoctorOptions): Promise<Finding[]> {
  const failures = new Set<string>();
  const nodes = createNodes({
    url: options.redisUrl,
    cluster: options.redisCluster,
    tlsInsecure: options.tlsInsecure,
    name: 'run-progress-doctor',
    answerTimeoutMs: ANSWER_MS,
    log: { info: () => {}, warn: (fields) => failures.add(String('reason' in fields && fields.reason)) },
  });
  try {
    const { commands: client } = await nodes.whenReady(ANSWER_MS);
    if (nodes.isCluster) await nodes.lookAgain();
    return [
      await checkLatency(client),
      ...(await checkServer(client, options, nodes.isCluster)),
      await checkRights(nodes, options),
      await checkListeners(nodes, options),
    ];
  } catch (error) {
    const reasons = [...failures, reasonOf(error)].join('\n');
    return [fault('Redis', `${reasons}\nis REDIS_URL right, and reachable from here?`)];
  } finally {
    nodes.close();
  }
}

async function checkLatency(client: Redis): Promise<Finding> {
  const times: number[] = [];
  for (let i = 0; i < PINGS; i++) {
    const begun = performance.now();
    await client.ping();
    times.push(performance.now() - begun);
  }
  const median = times.sort((a, b) => a - b)[PINGS / 2] ?? 0;
  const text = `answers in ${median.toFixed(1)} ms`;
  return median < SLOW_MS ? ok('Redis', text) : warning('Redis', `${text}: put the service nearer to it`);
}

/** INFO is not everybody's right: then there is less to say. */
async function checkServer(
  client: Redis,
  { keyPrefix }: RedisDoctorOptions,
  isCluster: boolean,
): Promise<Finding[]> {
  const text = await client.info().catch((error: unknown) => reasonOf(error));
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1];
  const version = field('redis_version');
  if (version === undefined) return [warning('version', `not told: ${text.slice(0, 100)}`)];
  const database = client.options.db ?? 0;
  const findings = [
    Number.parseInt(version, 10) < 6
      ? fault('version', `${version}: RESP3 and ACLs need 6, sharded Pub/Sub 7. Update Redis`)
      : ok('version', `${version}, database ${database}`),
  ];
  const problem = recordingProblem(text, keyPrefix, isCluster);
  if (problem !== null) findings.push(fault('recording', problem));
  const policy = field('maxmemory_policy') ?? 'noeviction';
  const limit = Number(field('maxmemory') ?? 0);
  const share = limit > 0 ? Number(field('used_memory') ?? 0) / limit : 0;
  const evicted = Number(field('evicted_keys') ?? 0);
  const used =
    limit > 0 ? `${Math.round(share * 100)} % of ${field('maxmemory_human')} used` : 'no limit of memory';
  if (policy !== 'noeviction' && limit > 0)
    findings.push(
      warning(
        'memory',
        `${used}; the policy ${policy} throws histories away when it is full (${evicted} keys so far)\nredis-cli CONFIG SET maxmemory-policy noeviction`,
      ),
    );
  else if (share > 0.9)
    findings.push(warning('memory', `${used}: at 100 % nothing is recorded. Raise maxmemory`));
  else findings.push(ok('memory', `${used}, policy ${policy}`));
  return findings;
}

async function checkRights(nodes: Nodes, { keyPrefix, rawChannel }: RedisDoctorOptions): Promise<Finding> {
  const key = `${keyPrefix}:run:doctor-${Date.now().toString(36)}`;
  try {
    const client = await clientFor(nodes, key);
    const publish = nodes.isCluster ? 'SPUBLISH' : 'PUBLISH';
    await client.eval(TRIAL, 1, key, TEST_TTL_SECONDS * 1000, key, publish);
    return ok('rights', `may record under ${keyPrefix}:run:* and announce it`);
  } catch (error) {
    const reason = reasonOf(error);
    // What Redis can't do at the moment is no matter of rights, and was told by INFO.
    if (/^(READONLY|OOM|LOADING|MASTERDOWN)/.test(reason)) return fault('recording', `refused: ${reason}`);
    const rights = nodes.isCluster ? `${RIGHTS} ${CLUSTER_RIGHTS}` : RIGHTS;
    return fault(
      'rights',
      `${reason}\nACL SETUSER … ~${keyPrefix}:* &${keyPrefix}:* &${rawChannel} ${rights}`,
    );
  }
}

/** The raw channel is heard on the node that has the marker's key. */
async function checkListeners(nodes: Nodes, { keyPrefix, rawChannel }: RedisDoctorOptions): Promise<Finding> {
  try {
    const client = await clientFor(nodes, markerKeyOf(keyPrefix));
    const [, count] = (await client.pubsub('NUMSUB', rawChannel)) as [string, number];
    if (Number(count) > 0) return ok('channel', `${count} listening to ${rawChannel}`);
    return warning(
      'channel',
      `nobody listens to ${rawChannel}: a bare PUBLISH is lost. Does the service run with this REDIS_URL (database ${nodes.database}) and PROGRESS_CHANNEL?`,
    );
  } catch (error) {
    const reason = reasonOf(error);
    // It is no right that recording needs, so the smallest ones are without it.
    if (reason.startsWith('NOPERM'))
      return ok('channel', `who listens to ${rawChannel} can't be asked without +pubsub|numsub`);
    return warning('channel', `who listens to ${rawChannel} is not told: ${reason}`);
  }
}

async function clientFor(nodes: Nodes, key: string): Promise<Redis> {
  const client = nodes.of(key)?.commands;
  if (!client) throw new Error(nodes.problem() ?? 'no node has the key');
  if (client.status !== 'ready') await once(client, 'ready', { signal: AbortSignal.timeout(ANSWER_MS) });
  return client;
}
