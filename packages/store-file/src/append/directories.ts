/** The ledger's directories: made by the first writer, flushed before a new log is relied on, and never links. */
import path from "node:path";
import type { StoreFault } from "@mission-ledger/core";
import { namesNotFlushed } from "../faults.ts";
import { flushDirectory, makeDirectories } from "../files/safe-files.ts";
import type { StoreContext } from "./store-context.ts";

export interface LedgerDirectories {
  /** Makes what is missing. */
  prepare(): void;
  /** Flushes the directory of the logs and, once per store, those above it: whoever made them may have died before. A `StoreFault` is a flush that failed. */
  flushNames(): void;
}

export const ledgerDirectories = ({
  files,
  layout,
  failpoint,
}: Pick<StoreContext, "files" | "layout" | "failpoint">): LedgerDirectories => {
  const above = new Set<string>();
  let prepared = false;
  let doubt: StoreFault | undefined;
  /**
   * Whoever made this directory may have died, or failed, before its name was flushed. So its name is flushed before anything
   * is made in it: then whatever stands in a directory vouches for the directory's own name, all the way up.
   */
  const flushNameOf = (directory: string): void => {
    if (doubt !== undefined) throw doubt;
    failpoint("append:flush-directory");
    try {
      flushDirectory(files, path.dirname(directory), (error) => {
        // Asked again, the disk would say yes.
        doubt = namesNotFlushed(error, directory);
        return doubt;
      });
    } catch (error) {
      // A directory that we may not even read is not where we made one.
      if ((error as NodeJS.ErrnoException).code !== "EACCES") throw error;
    }
  };
  return {
    prepare: () => {
      if (prepared) return;
      if (doubt !== undefined) throw doubt;
      failpoint("append:directories");
      const made = [layout.root, layout.logs, layout.locks].flatMap((directory) =>
        makeDirectories(files, directory, flushNameOf),
      );
      for (const directory of [layout.root, layout.logs, ...made]) above.add(path.dirname(directory));
      prepared = true;
    },
    flushNames: () => {
      failpoint("append:flush-directory");
      for (const directory of [layout.logs, ...above])
        flushDirectory(files, directory, (error) => namesNotFlushed(error, directory));
      above.clear();
    },
  };
};
