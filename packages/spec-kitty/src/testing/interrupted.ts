/** A ledger that dies in the middle of an import. */
import type { Ledger } from "@mission-ledger/core/mission";

/** Lets `survived` commands through, and throws at the next. */
export const killedAfter = (ledger: Ledger, survived: number): Ledger => {
  let left = survived;
  return {
    ...ledger,
    mission: (slug) => {
      const handle = ledger.mission(slug);
      return {
        ...handle,
        execute: async (request, options) => {
          if (left === 0) throw new Error("killed");
          left -= 1;
          return handle.execute(request, options);
        },
      };
    },
  };
};
