/** Where repair may look for missing records: in the log itself, the published copy in the work tree, and the quarantine. */
import fs from "node:fs";
import path from "node:path";
import { encodeStreamName, findLeftovers } from "@mission-ledger/store-file";

/** Paths, the likeliest first. None of them is believed: repair takes records that prove themselves. */
export const copiesOf = (directory: string, stream: string, cwd: string): readonly string[] => {
  const quarantined = findLeftovers({ directory })
    .quarantined.filter((file) => file.stream === stream)
    .map((file) => file.path)
    .reverse();
  // Lines that somebody sorted or swapped are all there, only not where they belong.
  const log = path.join(directory, copyIn(stream));
  return [...(fs.existsSync(log) ? [log] : []), ...publishedCopies(directory, stream, cwd), ...quarantined];
};

const copyIn = (stream: string): string => path.join("log", `${encodeStreamName(stream)}.jsonl`);

/** Source: docs/format.md, the published copy in a git work tree. */
const publishedCopies = (directory: string, stream: string, cwd: string): readonly string[] => {
  const file = copyIn(stream);
  const found: string[] = [];
  for (let folder = path.resolve(cwd); ; folder = path.dirname(folder)) {
    const ledger = path.join(folder, ".mission-ledger");
    if (ledger !== path.resolve(directory) && fs.existsSync(path.join(ledger, file)))
      found.push(path.join(ledger, file));
    if (path.dirname(folder) === folder) return found;
  }
};
