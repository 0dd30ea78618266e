/** What this process holds open of the files that a test made, whatever else it holds: other files of tests, pipes, sockets. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const here = "/proc/self/fd";

/** Paths below a folder that a descriptor stands for, once for each; those of deleted files end with ` (deleted)`. Linux only. */
export const openBelow = (directory: string = os.tmpdir()): readonly string[] => {
  const root = `${fs.realpathSync(directory)}${path.sep}`;
  return fs
    .readdirSync(here)
    .map((descriptor) => {
      try {
        return fs.readlinkSync(path.join(here, descriptor));
      } catch {
        // The one that listed the folder is closed by now.
        return "";
      }
    })
    .filter((file) => file.startsWith(root))
    .sort();
};
