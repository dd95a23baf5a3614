// Whether a connection to Redis answers: asked by PING, and not waited for long.
import type { Redis } from 'ioredis';

const STATUS_TIMEOUT_MS = 1500;

/** For people; null when it answers. */
export async function connectionProblem(client: Redis, name: string, to = 'Redis'): Promise<string | null> {
  if (client.status !== 'ready') return `no ${name} to ${to}`;
  const answered = client.ping().then(
    () => null,
    () => `the ${name} to ${to} broke`,
  );
  const timeout = new Promise<string>((resolve) => {
    setTimeout(resolve, STATUS_TIMEOUT_MS, `${to} does not answer on the ${name}`).unref();
  });
  return Promise.race([answered, timeout]);
}

export async function isAnswering(client: Redis | undefined): Promise<boolean> {
  return client !== undefined && (await connectionProblem(client, 'connection')) === null;
}
