/** Index segments speak of one file; of the next one under the same name they know nothing. */
import path from "node:path";
import type { FilePort } from "../files/file-port.ts";
import type { StreamPaths } from "../layout.ts";

/** Removes all of a stream's. They are cache: nothing is lost with them. */
export const dropSegments = (files: FilePort, { index }: StreamPaths): void => {
  if (!files.lstat(index)?.isDirectory()) return;
  for (const name of files.readdir(index))
    if (name.endsWith(".idx")) removeIfThere(files, path.join(index, name));
};

/** A writer that adds a longer one removes those that it covers, at the same time. */
const removeIfThere = (files: FilePort, name: string): void => {
  try {
    files.unlink(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
};
