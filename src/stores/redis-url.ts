// What REDIS_URL may say: one Redis, a socket, some nodes of a cluster, or the sentinels that know the master. Pure.

export interface Host {
  readonly host: string;
  readonly port: number;
}

export interface RedisAddress {
  /** Of the Redis, of some nodes of a cluster, or of the sentinels. */
  readonly hosts: readonly Host[];
  /** A Unix socket instead. */
  readonly path: string | null;
  /** What the sentinels call the master; null where `hosts` are the Redis itself. */
  readonly masterName: string | null;
  readonly username: string;
  readonly password: string;
  /** For the sentinels, which have users of their own. */
  readonly sentinelUsername: string;
  readonly sentinelPassword: string;
  readonly database: number;
  readonly isTls: boolean;
  /** `ssl_cert_reqs=none`, as Celery's URLs have it: any certificate will do. */
  readonly isTlsInsecure: boolean;
  /** Of IP: 4, 6 or 0 for both. */
  readonly family: number;
}

const REDIS =
  /^(redis|rediss|valkey|valkeys)(\+sentinel)?:\/\/(?:([^/?#]*)@)?([^/?#@]*)(\/[^?#]*)?(?:\?([^#]*))?$/i;
const SOCKET = /^unix:\/\/(?:([^/?#]*)@)?(\/[^?#]+)(?:\?([^#]*))?$/i;
const HOST = /^(?:\[([\da-f:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/i;
const REDIS_PORT = 6379;
const SENTINEL_PORT = 26379;

/** Throws a TypeError that says what is wrong, without the URL: it holds a password. What the query says besides is left to others. */
export function parseRedisUrl(url: string): RedisAddress {
  const socket = SOCKET.exec(url);
  if (socket) return addressOf(socket[1], socket[3], { hosts: [], path: decoded(socket[2] ?? '') });
  const [, scheme = '', sentinel, login, hosts = '', path = '', query] = REDIS.exec(url) ?? [];
  // An empty host means this one only where more follows: a URL that ends there is half a URL.
  if (!scheme || !(hosts || path))
    throw new TypeError(
      'must be a redis:// URL as redis://localhost:6379, or rediss://, redis+sentinel:// or unix://',
    );
  const isTls = /(?:rediss|valkeys)$/i.test(scheme);
  const places = path.split('/').slice(1).map(decoded);
  if (!sentinel)
    return addressOf(login, query, { hosts: hostsOf(hosts || 'localhost', REDIS_PORT), isTls }, places);
  const [masterName, ...database] = places;
  if (!hosts || !masterName)
    throw new TypeError(
      'must name the sentinels and the master, as redis+sentinel://host:26379,host2:26379/mymaster',
    );
  return addressOf(login, query, { hosts: hostsOf(hosts, SENTINEL_PORT), isTls, masterName }, database);
}

/**
 * 'unknown': a Redis that is yet to be asked whether it is a cluster's node. `cluster` says so, if it isn't null. Throws a
 * TypeError for what doesn't go together.
 */
export function kindOf(
  address: RedisAddress,
  cluster: boolean | null | undefined,
): 'one' | 'unknown' | 'sentinels' | 'cluster' {
  if (address.masterName !== null) {
    if (cluster) throw new TypeError('names sentinels, which know no cluster: REDIS_CLUSTER must not be 1');
    return 'sentinels';
  }
  if (address.path !== null) return 'one';
  if (cluster === true || (address.hosts.length > 1 && cluster !== false)) return 'cluster';
  if (address.hosts.length > 1) throw new TypeError('must name one host, as REDIS_CLUSTER is 0');
  return cluster === false ? 'one' : 'unknown';
}

/** For people and logs: without a password. */
export function shownAddress({ hosts, path, masterName }: RedisAddress): string {
  if (path !== null) return path;
  const list = hosts.map(shownHost).join(',');
  return masterName === null ? list : `${masterName} of the sentinels ${list}`;
}

export function shownHost({ host, port }: Host): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function addressOf(
  login: string | undefined,
  query: string | undefined,
  where: Pick<RedisAddress, 'hosts'> & Partial<RedisAddress>,
  [database, ...rest]: readonly string[] = [],
): RedisAddress {
  const given = new URLSearchParams(query);
  const [, username = '', password = ''] = /^([^:]*):?(.*)$/.exec(login ?? '') ?? [];
  if (rest.length > 0) throw new TypeError('has more behind its database number');
  return {
    path: null,
    masterName: null,
    isTls: false,
    ...where,
    username: decoded(username) || (given.get('username') ?? ''),
    password: decoded(password) || (given.get('password') ?? ''),
    sentinelUsername: given.get('sentinel_username') ?? '',
    sentinelPassword: given.get('sentinel_password') ?? '',
    database: numberOf('database number', database || given.get('db') || '0'),
    isTlsInsecure: /^(cert_)?none$/i.test(given.get('ssl_cert_reqs') ?? ''),
    family: numberOf('family', given.get('family') || '0'),
  };
}

function hostsOf(list: string, defaultPort: number): Host[] {
  return list.split(',').map((text) => {
    const [, address, name, port] = HOST.exec(text) ?? [];
    const host = address ?? name;
    if (host === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535)
      throw new TypeError('must name a host as localhost:6379 or [::1]:6379');
    return { host, port: Number(port ?? defaultPort) };
  });
}

function numberOf(what: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new TypeError(`must have a whole number as its ${what}`);
  return Number(text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TypeError('has a % that is not followed by two hex digits'); // A URIError says it less plainly.
  }
}
