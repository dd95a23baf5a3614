// Redis' clock, as this process knows it: asked now and then, and carried forward by the host's monotonic clock.

export interface RedisClock {
  /** Ms since 1970. The host's clock, until Redis has been asked. */
  now(): number;
  /** Asks Redis. Never rejects: without an answer the last known time is carried forward. */
  ask(): Promise<void>;
}

export interface RedisClockOptions {
  /** The command TIME: seconds and microseconds. */
  time(): Promise<readonly (string | number)[]>;
  onError(error: unknown): void;
}

export function createRedisClock({ time, onError }: RedisClockOptions): RedisClock {
  /** Redis' clock minus the monotonic one: ms. */
  let offset: number | null = null;

  return {
    now: () => (offset === null ? Date.now() : Math.round(performance.now() + offset)),
    ask: async () => {
      const asked = performance.now();
      try {
        const [seconds, micros] = await time();
        // It looked at its clock about halfway.
        const heard = (asked + performance.now()) / 2;
        offset = Number(seconds) * 1000 + Number(micros) / 1000 - heard;
      } catch (error) {
        // The connection broke, or the Redis user may not ask: both are told elsewhere, or here.
        onError(error);
      }
    },
  };
}
