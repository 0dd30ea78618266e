/** How it is said that a prompt is not the one for a review. */
import type { PromptDifference } from "@mission-ledger/core/mission";
import type { Names } from "../command/names.ts";
import { formatRef, type Ref } from "../command/refs.ts";
import { CliError } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";

export interface PromptInUse {
  readonly file: string;
  /** How a command is typed here. */
  readonly say: Names["say"];
}

export const promptMismatch = (
  { file, say }: PromptInUse,
  about: Ref | undefined,
  differs: readonly PromptDifference[],
): CliError => {
  const ref = about === undefined ? undefined : formatRef(about);
  const more = differs.length > mostSaid ? `; and ${differs.length - mostSaid} more` : "";
  return new CliError(
    "PROMPT_MISMATCH",
    `${file} is not the prompt for a review${ref === undefined ? "" : ` of ${ref}`} that goes on here: ${differs.slice(0, mostSaid).map(inWords).join("; ")}${more}`,
    {
      hint: `Do not review by it. Ask for another: ${say("review.prompt", ref === undefined ? "<mission>/<package>" : shellQuote(ref))}`,
      details: {
        file,
        mission: about?.slug ?? null,
        workPackageId: about?.workPackageId ?? null,
        invariant: "a review goes by the prompt that was issued for it, byte for byte",
        differs,
      },
    },
  );
};

/** In the sentence; `details` have all of them. */
const mostSaid = 5;

const inWords = ({ field, reason, recorded, found }: PromptDifference): string =>
  `${field} (${reason}): ${valueInWords(found)} instead of ${valueInWords(recorded)}`;

/** Commits and hashes as people know them. */
const valueInWords = (value: PromptDifference["found"]): string =>
  value === null ? "nothing" : String(value).replace(/\b([0-9a-f]{12})[0-9a-f]{20,52}\b/g, "$1");
