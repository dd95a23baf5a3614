// What Redis says of itself (INFO), and whether a store can live with it. Decides only.

/** `INFO` as text: `name:value` lines. Managed Redis may leave out any of them. */
function fieldsOf(info: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of info.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

/** Why nothing can be recorded in this Redis; null if nothing speaks against it. `isCluster`: it is talked to as such. */
export function recordingProblem(info: string, keyPrefix: string, isCluster = false): string | null {
  const fields = fieldsOf(info);
  if (fields.get('role') === 'slave')
    return 'this Redis is a replica, which takes no writes: REDIS_URL must name the master';
  if (isCluster && Number.parseInt(fields.get('redis_version') ?? '7', 10) < 7)
    return "the nodes of a cluster must be of Redis 7, which has sharded Pub/Sub: or set REDIS_CLUSTER=0, KEY_PREFIX='{rp}', and REDIS_URL to the node that owns its slot";
  if (!isCluster && fields.get('cluster_enabled') === '1' && !/\{[^}]+\}/.test(keyPrefix))
    return "this Redis is a node of a cluster, and REDIS_CLUSTER is 0: leave that out, or set KEY_PREFIX='{rp}', and REDIS_URL to the node that owns its slot";
  const most = Number(fields.get('maxmemory') ?? 0);
  const isFull = most > 0 && Number(fields.get('used_memory') ?? 0) >= most;
  if (isFull && fields.get('maxmemory_policy') === 'noeviction') return 'the memory of Redis is full';
  return null;
}

/** What its operator should know at the start. */
export function startWarnings(info: string): string[] {
  const fields = fieldsOf(info);
  const policy = fields.get('maxmemory_policy') ?? '';
  const warnings: string[] = [];
  if (policy.startsWith('allkeys-'))
    warnings.push(
      `maxmemory-policy is ${policy}: when its memory is full, Redis drops runs that go on. Take noeviction or volatile-ttl`,
    );
  if (fields.get('aof_enabled') === '0')
    warnings.push('appendonly is off: a restart of Redis may forget runs, which readers are told by a gap');
  return warnings;
}
