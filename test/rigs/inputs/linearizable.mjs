/**
 * Whether a history of concurrent commands on one stream can be explained by some order in which they happened one at a
 * time. A command whose outcome is unknown may have happened at any time after it was asked, or never.
 * Source: Wing and Gong's search with memory, as porcupine does it.
 */

/**
 * @param operations `{ called, returned, ...}`; `returned` is `Infinity` where the outcome is unknown
 * @param apply `(state, operation) => state | undefined`: the state after it, if its answer fits there
 * @param skippable whether an operation may also never have happened
 */
export const isLinearizable = (operations, initial, apply, skippable, keyOf) => {
  const seen = new Set();
  const search = (left, state) => {
    if (left.length === 0) return true;
    const key = `${left.map(({ id }) => id).join()}|${keyOf(state)}`;
    if (seen.has(key)) return false;
    seen.add(key);
    // Only what was asked before anything left had been answered can come first.
    const firstAnswer = Math.min(...left.map(({ returned }) => returned));
    return left.some((operation) => {
      if (operation.called > firstAnswer) return false;
      const others = left.filter((other) => other !== operation);
      const next = apply(state, operation);
      return (next !== undefined && search(others, next)) || (skippable(operation) && search(others, state));
    });
  };
  return search(operations, initial);
};
