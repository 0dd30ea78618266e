/** One scratch folder for a whole run: whatever a test, or a process it killed, leaves behind goes with it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export default (): (() => void) => {
  const scratch = mkdtempSync(path.join(tmpdir(), "mission-ledger-tests-"));
  // Workers are started with this environment, and `tmpdir()` asks it.
  process.env.TMPDIR = scratch;
  return () => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
};
