/** Directories for tests; the whole run's folder goes with the run. */
import { mkdtempSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export const scratchDirectory = (): string =>
  mkdtempSync(path.join(realpathSync(tmpdir()), "mission-ledger-"));
