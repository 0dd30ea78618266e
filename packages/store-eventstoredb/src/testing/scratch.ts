/** Files for tests; the whole run's folder goes with the run. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A file of that content, and its path. */
export const scratchFile = (name: string, content: string): string => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "mission-ledger-")), name);
  writeFileSync(file, content);
  return file;
};
