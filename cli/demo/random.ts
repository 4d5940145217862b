/** Seeded randomness for made-up logs: the same seed, the same month. */

export interface Random {
  /** In [0, 1). */
  next(): number;
  /** Whole, both ends included. */
  whole(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** About 1, heavy to the right, as token counts are: median 1, a tenth above `spread`. */
  around(spread: number): number;
  /** How often something with this mean happens. */
  poisson(mean: number): number;
  hex(digits: number): string;
  uuid(): string;
  /** A stream of its own, so that adding an incident does not move the rest of the month. */
  fork(name: string): Random;
}

export function randomFrom(seed: number): Random {
  let state = (seed * 7919 + 13) >>> 0;
  // mulberry32, Tommy Ettinger, public domain: 32 bits of state are plenty for a month of logs.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const random: Random = {
    next,
    whole: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: (probability) => next() < probability,
    pick: (items) => items[Math.floor(next() * items.length)] ?? items[0],
    around: (spread) => Math.exp((normal() * Math.log(spread)) / 1.2816),
    poisson: (mean) => {
      if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
      const limit = Math.exp(-mean);
      let count = 0;
      for (let product = next(); product > limit; product *= next()) count++;
      return count;
    },
    hex: (digits) => Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join(""),
    uuid: () => `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-a${random.hex(3)}-${random.hex(12)}`,
    fork: (name) =>
      randomFrom([...name].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), seed) >>> 0),
  };
  return random;
}
