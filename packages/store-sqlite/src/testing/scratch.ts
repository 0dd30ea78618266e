/** Directories for tests, removed when the test process ends. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const made: string[] = [];

export const scratchDirectory = (): string => {
  if (made.length === 0)
    process.once("exit", () => {
      for (const directory of made) fs.rmSync(directory, { recursive: true, force: true });
    });
  const directory = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "mission-ledger-"));
  made.push(directory);
  return directory;
};
