// How many updates a second each client may publish: a token bucket each (the bucket holds one second's worth).

/** The rate of one process, or of several that are counted together. Then the answer takes a moment. */
export interface Rate {
  /** Takes `count` from the client's bucket and returns 0; or takes nothing and returns the seconds to wait, at least 1. */
  take(client: string, count: number): number | Promise<number>;
}

export interface RateLimit extends Rate {
  take(client: string, count: number): number;
}

interface Bucket {
  left: number;
  /** Ms, monotonic. */
  filledAt: number;
}

const SWEEP_EVERY = 1000;

/** `perSecond`: Infinity for none. A request for more than a second's worth is let through a full bucket, and paid off. */
export function createRateLimit(perSecond: number, now = () => performance.now()): RateLimit {
  const buckets = new Map<string, Bucket>();
  let takes = 0;

  function fill(bucket: Bucket, at: number) {
    bucket.left = Math.min(perSecond, bucket.left + ((at - bucket.filledAt) / 1000) * perSecond);
    bucket.filledAt = at;
  }

  /** A full bucket says nothing: clients that went away leave nothing behind. */
  function sweep(at: number) {
    for (const [client, bucket] of buckets) {
      fill(bucket, at);
      if (bucket.left >= perSecond) buckets.delete(client);
    }
  }

  return {
    take: (client, count) => {
      if (perSecond === Number.POSITIVE_INFINITY) return 0;
      const at = now();
      if (++takes % SWEEP_EVERY === 0) sweep(at);
      const bucket = buckets.get(client) ?? { left: perSecond, filledAt: at };
      buckets.set(client, bucket);
      fill(bucket, at);
      const needed = Math.min(count, perSecond);
      if (bucket.left < needed) return Math.max(1, Math.ceil((needed - bucket.left) / perSecond));
      bucket.left -= count;
      return 0;
    },
  };
}
