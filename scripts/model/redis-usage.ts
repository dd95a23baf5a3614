// What a Redis has used so far, by its own account.
import type { Redis } from 'ioredis';

export interface RedisUsage {
  cpuUs: number;
  inBytes: number;
  outBytes: number;
  /** EVAL and EVALSHA. */
  scriptCalls: number;
}

export async function readRedisUsage(client: Redis): Promise<RedisUsage> {
  const text = `${await client.info('cpu')}\n${await client.info('stats')}\n${await client.info('commandstats')}`;
  const number = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)?.[1] ?? 0);
  const calls = (command: string) =>
    Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return {
    cpuUs: (number('used_cpu_sys') + number('used_cpu_user')) * 1e6,
    inBytes: number('total_net_input_bytes'),
    outBytes: number('total_net_output_bytes'),
    scriptCalls: calls('eval') + calls('evalsha'),
  };
}
