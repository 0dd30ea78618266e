/**
 * A store of one's own: any store, with a look at what goes through it.
 * Promises: whatever the store behind it promises. A store from scratch implements the same nine methods; the memory store
 * in @mission-ledger/core is the one to read first.
 */
export const meteredStore = (store, onAppend) => ({
  ...store,
  append: async (request) => {
    const begun = performance.now();
    const answer = await store.append(request);
    onAppend({ stream: request.commit.stream, answer: answer._tag, milliseconds: performance.now() - begun });
    return answer;
  },
});
