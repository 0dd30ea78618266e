/** The last check before a log is replaced: the new lines, read as any reader would, give the head that was worked out. */
import { StoreFault } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import type { StreamPaths } from "../layout.ts";
import { foldLog, startOfLog } from "../log/fold.ts";
import type { RepairPlan } from "./plan.ts";

/** Answers the length of the new log. Throws `INTERNAL` if the plan is wrong: then nothing is changed. */
export const proveNewLines = (
  { lines, head, remaining }: Pick<RepairPlan, "lines" | "head" | "remaining">,
  { stream, encoded, log }: StreamPaths,
  files: FilePort,
  fd: number | undefined,
): number => {
  let sound = true;
  const fold = foldLog(stream, encoded, startOfLog, ({ kind }) => {
    // A longer undecided branch looks like a hole to the fold; the plan knows that it is none.
    if (!remaining.has("fork") || kind === "damaged" || kind === "conflict_marker") sound = false;
  });
  let bytes = 0;
  let rest: Buffer = Buffer.alloc(0);
  for (const block of lines.read(files, fd ?? -1)) {
    let start = 0;
    for (let end = block.indexOf(0x0a); end >= 0; end = block.indexOf(0x0a, start)) {
      const line = Buffer.concat([rest, block.subarray(start, end)]);
      fold.take({
        bytes: line,
        offset: bytes + start - rest.length,
        length: line.length + 1,
        oversized: false,
      });
      rest = Buffer.alloc(0);
      start = end + 1;
    }
    rest = Buffer.concat([rest, block.subarray(start)]);
    bytes += block.length;
  }
  const isHead = fold.head.revision === head.revision && fold.head.digest === head.digest;
  if (!sound || rest.length > 0 || !(isHead || remaining.has("fork")))
    throw new StoreFault("INTERNAL", `the repair of ${stream} does not prove itself`, {
      outcome: "not_written",
      retryable: false,
      hint: "The log is as it was. Please report it, with a copy of the log if you can.",
      details: { stream, path: log },
    });
  return bytes;
};
