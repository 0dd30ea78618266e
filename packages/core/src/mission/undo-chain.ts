/** What was built on a command has to be undone first, newest first: whether that can be done to the end. */
import * as E from "fp-ts/lib/Either.js";
import type { DoneCommand } from "./commands.ts";
import { mission } from "./decider.ts";
import type { Mission } from "./state.ts";
import { decideUndo } from "./undo.ts";

/** A command in the way, and the event of it that is named. */
export interface Built {
  readonly done: DoneCommand;
  readonly event: { readonly eventId: string; readonly revision: number; readonly type: string };
}

/**
 * Which event to undo first, by whom it was done; with the rule by which it never is, where the way ends there. What is only
 * refused for now, such as under a lease, is no end of the way.
 */
export const firstToUndo = (chain: readonly Built[], end: Mission, at: string): DoneCommand["since"] => {
  let state: Mission = end;
  for (const { done, event } of [...chain].reverse()) {
    if (state._tag !== "Open") break;
    const decision = decideUndo({ type: "Undo", actor: done.actor, at, done, reason: "undone" }, state);
    if (E.isLeft(decision)) {
      const refusal = decision.left;
      if (refusal._tag !== "CannotUndo" || refusal.obstacle === "lease") break;
      return { ...event, actor: done.actor, stays: refusal.invariant };
    }
    for (const one of decision.right) state = mission.evolve(state, one);
  }
  const newest = chain.at(-1);
  return newest === undefined ? null : { ...newest.event, actor: newest.done.actor };
};
