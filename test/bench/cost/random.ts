/** One stream of random numbers per seed; everything generated derives from it in a fixed order. */
export interface Random {
  /** In [low, high). */
  uniform(low?: number, high?: number): number;
  logUniform(low: number, high: number): number;
  normal(): number;
  poisson(mean: number): number;
  /** Poisson whose mean varies as a gamma with this shape: the smaller, the burstier. */
  negativeBinomial(mean: number, shape: number): number;
  chance(probability: number): boolean;
  integer(low: number, high: number): number;
  pick<T>(items: readonly T[]): T;
}

/** mulberry32, public domain. */
export function randomOf(seed: number): Random {
  let state = (seed * 7919 + 13) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };

  /** Marsaglia's polar method. */
  const normal = (): number => {
    for (;;) {
      const x = 2 * next() - 1;
      const y = 2 * next() - 1;
      const radius = x * x + y * y;
      if (radius > 0 && radius < 1) return x * Math.sqrt((-2 * Math.log(radius)) / radius);
    }
  };

  /** Marsaglia and Tsang, 2000; below shape 1 by Johnk's boost. */
  const gamma = (shape: number): number => {
    if (shape < 1) return gamma(shape + 1) * next() ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  };

  const poisson = (mean: number): number => {
    if (mean <= 0) return 0;
    if (mean > 40) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = next(); product > limit; product *= next()) count++;
    return count;
  };

  return {
    uniform: (low = 0, high = 1) => low + (high - low) * next(),
    logUniform: (low, high) => low * (high / low) ** next(),
    normal,
    poisson,
    negativeBinomial: (mean, shape) => (mean <= 0 ? 0 : poisson((mean * gamma(shape)) / shape)),
    chance: (probability) => next() < probability,
    integer: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick: (items) => {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
  };
}
