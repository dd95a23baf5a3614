// The address of a client, for limits per client: the socket's, or the one that trusted proxies name.
import { isIPv6, type Socket } from 'node:net';
import type { RequestHead } from './plain-head.ts';

export type AddressOf = (head: RequestHead, socket: Socket) => string;

export function createAddressOf(trustedProxies: number): AddressOf {
  return ({ headers }, { remoteAddress }) => {
    const forwarded = headers['x-forwarded-for'];
    return clientAddress(remoteAddress, forwarded?.toString(), trustedProxies);
  };
}

/**
 * The client's address, as a key for limits. `trustedProxies`: how many hops of `X-Forwarded-For` to believe, counted from
 * the right. Entries further left may be forged. An IPv6 client has a whole /64, so only the first half counts.
 */
export function clientAddress(
  remote: string | undefined,
  forwardedFor: string | undefined,
  trustedProxies: number,
): string {
  const hops = (forwardedFor ?? '')
    .split(',')
    .map((hop) => withoutPort(hop.trim()))
    .filter((hop) => hop !== '');
  const address = trustedProxies === 0 ? undefined : hops.at(-Math.min(trustedProxies, hops.length));
  return network(address ?? remote ?? '');
}

/** Some proxies write `203.0.113.7:4711` or `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  return hop.replace(/^\[(.*)\](?::\d+)?$/, '$1').replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
}

function network(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1]) return mapped[1];
  if (!isIPv6(address)) return address.toLowerCase();
  const [head = '', tail] = address.toLowerCase().split('%')[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array.from({ length: Math.max(zeros, 0) }, () => '0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
