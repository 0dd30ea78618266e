/** Index segments speak of one file; of the next one under the same name they know nothing. */
import path from "node:path";
import type { FilePort } from "../files/file-port.ts";
import { removeIfThere } from "../files/write-file.ts";
import type { StreamPaths } from "../layout.ts";

/** Removes all of a stream's. They are cache: nothing is lost with them. */
export const dropSegments = (files: FilePort, { index }: StreamPaths): void => {
  if (!files.lstat(index)?.isDirectory()) return;
  // A writer that adds a longer one removes those that it covers, at the same time.
  for (const name of files.readdir(index))
    if (name.endsWith(".idx")) removeIfThere(files, path.join(index, name));
};
