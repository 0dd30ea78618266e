/** A store that fails, or does anything else, at a call that the test picks. */
import type { EventStore } from "@mission-ledger/core";

/**
 * Called before a method does its work and after it; for methods that answer batches, also between them. What it throws, the
 * method throws.
 */
export type AtCall = (method: string, when: "before" | "after") => void;

const answersBatches: ReadonlySet<string> = new Set(["read", "readAll", "subscribe", "commits"]);

export const failingStore = (store: EventStore, atCall: AtCall): EventStore =>
  Object.fromEntries(
    Object.entries(store).map(([name, member]) => {
      if (typeof member !== "function") return [name, member];
      const call = member.bind(store) as (...given: unknown[]) => unknown;
      if (answersBatches.has(name))
        return [
          name,
          async function* (...given: unknown[]) {
            atCall(name, "before");
            for await (const batch of call(...given) as AsyncIterable<unknown>) {
              yield batch;
              atCall(name, "after");
            }
          },
        ];
      return [
        name,
        async (...given: unknown[]) => {
          atCall(name, "before");
          const answer = await call(...given);
          atCall(name, "after");
          return answer;
        },
      ];
    }),
  ) as unknown as EventStore;
