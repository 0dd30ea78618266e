/** Where a work package may go from its lane, in the words of the table of lanes. */
import { type Lane, lanes } from "@mission-ledger/core/mission";

/** `for_review · blocked (--reason) · canceled (--reason)` */
export const allowedFrom = (from: Lane): string => {
  const exits = lanes[from].exits.map(({ to, via, guards }) => {
    const needs = [
      ...(via.includes("move")
        ? []
        : [via[0] === "claim" ? (to === "in_review" ? "by review start" : "by claim") : "by review submit"]),
      ...(guards.includes("reason") ? ["--reason"] : []),
      ...(guards.includes("link") ? ["--link"] : []),
    ];
    return needs.length === 0 ? to : `${to} (${needs.join(", ")})`;
  });
  return exits.length === 0 ? "nothing; this lane is final" : exits.join(" · ");
};
