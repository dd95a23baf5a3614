// Random numbers that can be had again: a fault schedule prints its seed.
export interface Random {
  /** Whole, from 0 up to below `limit`. */
  below(limit: number): number;
}

/** mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    below: (limit) => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
    },
  };
}

/** From SEED, or a new one. */
export function chooseSeed(): number {
  return Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
}

/** How many schedules of faults are tried: ROUNDS, or a few, as CI tries them with new seeds each time. */
export function chooseRounds(): number {
  return Number(process.env.ROUNDS ?? 3);
}
