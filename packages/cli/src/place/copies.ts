/** Copies of the logs in a git work tree, before a command runs: taken in where it writes, pointed at where it reads. */
import { LedgerError } from "@mission-ledger/core";
import { missionCategory, slugOfStream } from "@mission-ledger/core/mission";
import { type CopiesOptions, changedCopies, publishCopies } from "@mission-ledger/store-file";
import { warningText } from "../command/write.ts";

export interface CopiesQuestion {
  readonly copies: CopiesOptions;
  /** Whether the command writes; a command that reads changes nothing. */
  readonly writes: boolean;
  readonly say: (command: string) => string;
  /** Called when events of other copies came into the ledger. */
  readonly onTakenIn: () => void;
}

/** Warnings for the command that is about to run. What keeps the ledger from being used is left for the command to meet. */
export const aboutCopies = async ({
  copies,
  writes,
  say,
  onTakenIn,
}: CopiesQuestion): Promise<readonly string[]> => {
  let changed: readonly string[];
  try {
    changed = changedCopies(copies);
  } catch (error) {
    if (!LedgerError.is(error)) throw error;
    return [warningText(error)];
  }
  if (changed.length === 0) return [];
  if (!writes)
    return [
      `what stands in the work tree's copy of ${nameAll(changed)} is not in the ledger yet, or not looked at; next: ${say("publish")}`,
    ];
  const results = await publishCopies({ ...copies, streams: changed });
  if (results.some(({ takenIn }) => takenIn > 0)) onTakenIn();
  return results.flatMap(({ warnings, fault }) =>
    [...warnings, ...(fault === undefined ? [] : [fault])].map(warningText),
  );
};

const mostNamed = 5;

const nameAll = (streams: readonly string[]): string => {
  const names = streams.slice(0, mostNamed).map(missionName).join(", ");
  return streams.length > mostNamed ? `${names} and ${streams.length - mostNamed} more` : names;
};

export const missionName = (stream: string): string =>
  stream.startsWith(`${missionCategory}-`) ? slugOfStream(stream) : stream;
