/** Medians and percentiles, and rounds that take turns so that a noisy minute hurts everybody alike. */

/** The value below which the given share (0 to 1) of the samples lies. */
export const percentile = (samples, share) => {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};

export const median = (samples) => percentile(samples, 0.5);

/** Times one call in milliseconds. */
export const timed = async (run) => {
  const begun = performance.now();
  await run();
  return performance.now() - begun;
};

/**
 * Runs contestants in turns: some operations of the first, some of the second, and so on, round after round. p50 is the
 * median of the rounds' medians; p99 is taken over all operations, since outliers do not come in every round.
 *
 * @param {Record<string, () => unknown>} contestants one operation each
 * @param {{ rounds: number, operations: number, warmUp?: number }} size operations of each contestant in a round, and of each
 *   before the first one, which are not counted: as many as a round has unless more are asked for
 * @returns {Promise<Record<string, { p50: number, p99: number, best: number, operations: number }>>} milliseconds
 */
export const takeTurns = async (contestants, { rounds, operations, warmUp = operations }) => {
  const names = Object.keys(contestants);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  const medians = Object.fromEntries(names.map((name) => [name, []]));
  const roundsBefore = Math.ceil(warmUp / operations);
  for (let round = -roundsBefore; round < rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      // Another contestant begins each round, so that nobody always follows the same neighbour.
      const name = names[(turn + round + roundsBefore) % names.length];
      const taken = [];
      for (let index = 0; index < operations; index += 1) taken.push(await timed(contestants[name]));
      if (round < 0) continue;
      samples[name].push(...taken);
      medians[name].push(median(taken));
    }
  }
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        p50: median(medians[name]),
        p99: percentile(samples[name], 0.99),
        best: Math.min(...medians[name]),
        operations: samples[name].length,
      },
    ]),
  );
};
