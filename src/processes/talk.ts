// How the primary and one of its workers talk: each side asks, and answers what it is asked.

/**
 * One end of the channel between two processes. It keeps the order, and copies values by JSON: structured clones would
 * cost each connection a third more. What is not finite becomes null.
 */
export interface Port {
  /** Does nothing once the other side has ended. */
  send(message: object): void;
  onMessage(listen: (message: unknown) => void): void;
}

/** What a side answers, by name. */
type Answers = { [name: string]: (question: never) => unknown };

export interface Talk<Theirs extends Answers> {
  /** Rejects with what went wrong there. Never settles if the other side ends before. */
  ask<K extends keyof Theirs & string>(
    name: K,
    question: Parameters<Theirs[K]>[0],
  ): Promise<Awaited<ReturnType<Theirs[K]>>>;
  /** Without waiting for an answer. */
  tell<K extends keyof Theirs & string>(name: K, question: Parameters<Theirs[K]>[0]): void;
  /** What comes from now on is not answered. */
  end(): void;
}

type Message =
  | { name: string; question: unknown; ask?: number }
  | { answered: number; value: unknown }
  | { answered: number; error: string };

interface Waiting {
  resolve(value: never): void;
  reject(error: Error): void;
}

export function createTalk<Theirs extends Answers>(port: Port, answers: Answers): Talk<Theirs> {
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let hasEnded = false;

  async function answer(name: string, question: unknown) {
    return answers[name]?.(question as never);
  }

  function take(message: Message) {
    if ('answered' in message) {
      const asker = waiting.get(message.answered);
      waiting.delete(message.answered);
      if ('error' in message) asker?.reject(new Error(message.error));
      else asker?.resolve(message.value as never);
      return;
    }
    const { name, question, ask } = message;
    const value = answer(name, question);
    if (ask === undefined) return;
    value.then(
      (value) => port.send({ answered: ask, value }),
      (error: unknown) => port.send({ answered: ask, error: String(error) }),
    );
  }

  port.onMessage((message) => {
    if (!hasEnded) take(message as Message);
  });

  return {
    ask: (name, question) =>
      new Promise((resolve, reject) => {
        const ask = ++asked;
        waiting.set(ask, { resolve, reject });
        port.send({ name, question, ask });
      }),
    tell: (name, question) => port.send({ name, question }),
    end: () => {
      hasEnded = true;
    },
  };
}
