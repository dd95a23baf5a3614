// The side of Redis: what the service and its workers need there, and whether they have it.
import type { Redis } from 'ioredis';
import { createNodes, type Nodes, type RedisNode } from '../../stores/nodes.ts';
import { recordingProblem } from '../../stores/redis-checks.ts';
import { reasonOf } from '../../stores/redis-client.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

export interface RedisDoctorOptions {
  redisUrl: string;
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
redis.call('LTRIM', KEYS[1], -1, -1)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('LRANGE', KEYS[1], 0, -1)
redis.call('TIME')
return redis.call('PUBLISH', ARGV[2], 'doctor')`;

export async function checkRedis(options: RedisDoctorOptions): Promise<Finding[]> {
  const nodes = createNodes({
    url: options.redisUrl,
    tlsInsecure: options.tlsInsecure,
    name: 'run-progress-doctor',
    answerTimeoutMs: ANSWER_MS,
    log: { info: () => {}, warn: () => {} },
  });
  try {
    const { commands: client } = await connected(nodes);
    return [
      await checkLatency(client),
      ...(await checkServer(client, options)),
      await checkRights(client, options),
      await checkListeners(client, options),
    ];
  } catch (error) {
    return [fault('Redis', `${reasonOf(error)}\nis REDIS_URL right, and reachable from here?`)];
  } finally {
    nodes.close();
  }
}

function connected(nodes: Nodes): Promise<RedisNode> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(nodes.problem() ?? `no connection within ${ANSWER_MS / 1000} s`)),
      ANSWER_MS,
    );
    nodes.onNode((node) => {
      node.commands.once('ready', () => {
        clearTimeout(timer);
        resolve(node);
      });
      node.commands.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      return () => {};
    });
  });
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
async function checkServer(client: Redis, { keyPrefix }: RedisDoctorOptions): Promise<Finding[]> {
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
  const problem = recordingProblem(text, keyPrefix);
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

async function checkRights(client: Redis, { keyPrefix, rawChannel }: RedisDoctorOptions): Promise<Finding> {
  const key = `${keyPrefix}:run:doctor-${Date.now().toString(36)}`;
  try {
    await client.eval(TRIAL, 1, key, TEST_TTL_SECONDS * 1000, key);
    return ok('rights', `may record under ${keyPrefix}:run:* and announce it`);
  } catch (error) {
    const reason = reasonOf(error);
    // What Redis can't do at the moment is no matter of rights, and was told by INFO.
    if (/^(READONLY|OOM|LOADING|MASTERDOWN)/.test(reason)) return fault('recording', `refused: ${reason}`);
    return fault(
      'rights',
      `${reason}\nACL SETUSER … ~${keyPrefix}:* &${keyPrefix}:* &${rawChannel} +ping +info +client|setname +subscribe +unsubscribe +eval +evalsha +lrange +lindex +rpop +rpush +ltrim +pexpire +publish +get +set +time`,
    );
  }
}

async function checkListeners(client: Redis, { rawChannel }: RedisDoctorOptions): Promise<Finding> {
  const database = client.options.db ?? 0;
  try {
    const [, count] = (await client.pubsub('NUMSUB', rawChannel)) as [string, number];
    if (Number(count) > 0) return ok('channel', `${count} listening to ${rawChannel}`);
    return warning(
      'channel',
      `nobody listens to ${rawChannel}: a bare PUBLISH is lost. Does the service run with this REDIS_URL (database ${database}) and PROGRESS_CHANNEL?`,
    );
  } catch (error) {
    return warning('channel', `who listens to ${rawChannel} is not told: ${reasonOf(error)}`);
  }
}
