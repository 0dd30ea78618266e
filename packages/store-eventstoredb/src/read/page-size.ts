/** How many events are asked for at once: fewer where a page of them takes longer than a call may, more again while it does not. */
import { GatewayFailure } from "../gateway-port.ts";

export interface PageSize {
  /** Makes a call for at most so many. It may ask for fewer each time it is tried again. */
  ask<Answer>(most: number, call: (count: number) => Promise<Answer>): Promise<Answer>;
}

/** One event that was seen already, and the next. */
export const fewest = 2;
/** A second call has to be enough: patience lasts for two that say nothing. */
const shrinksBy = 16;

export const pageSizeOf = (largest: number): PageSize => {
  let size = largest;
  return {
    ask: async (most, call) => {
      const count = Math.min(most, Math.max(fewest, size));
      try {
        const answer = await call(count);
        if (count >= size) size = Math.min(largest, size * 2);
        return answer;
      } catch (error) {
        if (error instanceof GatewayFailure && error.kind === "deadline")
          size = Math.max(fewest, Math.floor(count / shrinksBy));
        throw error;
      }
    },
  };
};
