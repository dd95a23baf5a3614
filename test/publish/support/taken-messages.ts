// Kombu takes a message from Redis by BRPOP, and notes afterwards that it has it. A worker that is killed in between
// loses the message, which no setting of Celery mends. That is not what the tests of our publisher are about: they put
// such a message back.
import type { RedisServer } from '../../support/redis.ts';

export interface TakenMessages {
  /** With no worker alive: puts back every message that is gone though its task has no result. Returns how many. */
  putBack(): Promise<number>;
  close(): void;
}

/** Watches from now on what is sent to the queue `celery`. */
export async function watchMessages(broker: RedisServer): Promise<TakenMessages> {
  const client = await broker.client();
  const sent = new Map<string, string>();
  const echoes = new Map<string, () => void>();
  const monitor = await (await broker.client()).monitor();
  monitor.on('monitor', (_, [command, ...args]: string[]) => {
    const [first = '', second = ''] = args;
    if (/^echo$/i.test(command ?? '')) echoes.get(first)?.();
    if (!/^[lr]push$/i.test(command ?? '') || first !== 'celery') return;
    const message = second.replaceAll('\\\\', '\\');
    sent.set(idOf(message), message);
  });

  /** Fulfilled when the monitor has seen all that Redis has executed. */
  async function catchUp() {
    const text = `seen ${Math.random()}`;
    const seen = new Promise<void>((resolve) => {
      echoes.set(text, resolve);
    });
    await client.echo(text);
    await seen;
  }

  return {
    putBack: async () => {
      await catchUp();
      const waiting = await client.lrange('celery', 0, -1);
      const unacknowledged = (await client.hvals('unacked')).map((text) =>
        JSON.stringify(JSON.parse(text)[0]),
      );
      const present = new Set([...waiting, ...unacknowledged].map(idOf));
      let count = 0;
      for (const [id, message] of sent) {
        if (present.has(id) || (await client.exists(`celery-task-meta-${id}`))) continue;
        await client.lpush('celery', message);
        count++;
      }
      return count;
    },
    close: () => monitor.disconnect(),
  };
}

function idOf(message: string): string {
  return JSON.parse(message).headers.id;
}
