/** Chance that a seed and a case's number repeat: what a rig prints is enough to see one case again. */

/** Mixes two numbers into the state of one case's generator. Source: splitmix32. */
const mixed = (seed, index) => {
  let state = (seed ^ Math.imul(index + 1, 0x9e3779b9)) >>> 0;
  state = Math.imul(state ^ (state >>> 16), 0x21f0aaad) >>> 0;
  state = Math.imul(state ^ (state >>> 15), 0x735a2d97) >>> 0;
  return (state ^ (state >>> 15)) >>> 0;
};

/** Source: mulberry32. */
export const seeded = (seed, index = 0) => {
  let state = mixed(seed, index);
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return (word ^ (word >>> 14)) >>> 0;
  };
  const below = (limit) => next() % limit;
  return {
    /** A whole number from 0 to `limit` - 1. */
    below,
    chance: (percent) => below(100) < percent,
    pick: (items) => items[below(items.length)],
    /** Picks by weight from `[weight, item]` pairs. */
    weighted: (pairs) => {
      let left = below(pairs.reduce((sum, [weight]) => sum + weight, 0));
      for (const [weight, item] of pairs) {
        if (left < weight) return item;
        left -= weight;
      }
      return pairs[0][1];
    },
    fraction: () => next() / 0x1_0000_0000,
    /** Looks random enough for an id, and repeats with the seed. */
    uuid: () => {
      const hex = Array.from({ length: 4 }, () => next().toString(16).padStart(8, "0")).join("");
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
  };
};

/**
 * Runs cases until the goal or the deadline is reached; a case answers what is wrong with it, or nothing. Answers how much
 * was done (cases, or what `units` counts), the first failures with what repeats each, and the slowest case.
 */
export const runCases = async ({ goal, deadline, seed, note }, check, { most = 5, units } = {}) => {
  const failures = [];
  let [done, slowestMs, slowest] = [0, 0, 0];
  const counted = () => units?.() ?? done;
  const begun = performance.now();
  for (; counted() < goal; done += 1) {
    const from = performance.now();
    if (from > deadline) break;
    let wrong;
    try {
      wrong = check(seeded(seed, done), done);
      if (wrong instanceof Promise) wrong = await wrong;
    } catch (error) {
      wrong = `untyped error: ${error instanceof Error ? error.stack : String(error)}`;
    }
    const ms = performance.now() - from;
    if (ms > slowestMs) [slowestMs, slowest] = [ms, done];
    if (wrong !== undefined) {
      failures.push(`seed ${seed} case ${done}: ${wrong}`);
      if (failures.length >= most) break;
    }
    if (done % 100_000 === 99_999) note?.(`${done + 1} cases`);
  }
  const seconds = (performance.now() - begun) / 1000;
  return {
    done: counted(),
    failures,
    figures: {
      cases: done,
      perSecond: Math.round(counted() / Math.max(seconds, 0.001)),
      slowestMs: Number(slowestMs.toFixed(2)),
      slowestCase: slowest,
    },
  };
};
