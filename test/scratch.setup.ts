/** One scratch folder for a whole run: whatever a test, or a process it killed, leaves behind goes with it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const begins = "mission-ledger-tests-";

export default (): (() => void) | undefined => {
  // Every project of the run asks; folders within folders would make the paths of sockets too long.
  if (path.basename(tmpdir()).startsWith(begins)) return undefined;
  const scratch = mkdtempSync(path.join(tmpdir(), begins));
  // Workers are started with this environment, and `tmpdir()` asks it.
  process.env.TMPDIR = scratch;
  return () => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
};
