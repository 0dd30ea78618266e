/** A repair that a view proposes, as words that can be typed here. */
import type { AttentionItem } from "@mission-ledger/core/mission";
import { shellQuote } from "../output/shell-quote.ts";
import type { Names } from "./names.ts";

/** `null` when a person has to think first. */
export const sayCommand = (
  { say }: Pick<Names, "say">,
  { mission, workPackageId, command }: Pick<AttentionItem, "mission" | "workPackageId" | "command">,
): string | null => {
  if (command === null) return null;
  const [, words = command, rest = ""] =
    /^((?:wp|review|mission|import|export) [a-z-]+|[a-z]+)(?: (.*))?$/s.exec(command) ?? [];
  // Imported slugs may hold anything, and what is shown here is meant to be copied into a shell.
  const about = workPackageId === null ? mission : `${mission}/${workPackageId}`;
  return say(
    words.replace(" ", "."),
    rest.replace(about, () => shellQuote(about)),
  );
};
