/** Other copies of a log that repair may look into: the published one in the work tree, and what stands in quarantine. */
import fs from "node:fs";
import path from "node:path";
import { encodeStreamName, findLeftovers } from "@mission-ledger/store-file";

/** Paths, the likeliest first. None of them is believed: repair takes records that prove themselves. */
export const copiesOf = (directory: string, stream: string, cwd: string): readonly string[] => {
  const quarantined = findLeftovers({ directory })
    .quarantined.filter((file) => file.stream === stream)
    .map((file) => file.path)
    .reverse();
  return [...publishedCopies(directory, stream, cwd), ...quarantined];
};

/** Source: docs/format.md, the published copy in a git work tree. */
const publishedCopies = (directory: string, stream: string, cwd: string): readonly string[] => {
  const file = path.join("log", `${encodeStreamName(stream)}.jsonl`);
  const found: string[] = [];
  for (let folder = path.resolve(cwd); ; folder = path.dirname(folder)) {
    const ledger = path.join(folder, ".mission-ledger");
    if (ledger !== path.resolve(directory) && fs.existsSync(path.join(ledger, file)))
      found.push(path.join(ledger, file));
    if (path.dirname(folder) === folder) return found;
  }
};
