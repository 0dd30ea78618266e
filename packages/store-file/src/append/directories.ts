/** The ledger's directories: made by the first writer, flushed before a new log is relied on, and never links. */
import path from "node:path";
import { flushDirectory, makeDirectories } from "../files/safe-files.ts";
import type { StoreContext } from "./store-context.ts";

export interface LedgerDirectories {
  /** Makes what is missing. */
  prepare(): void;
  /** Flushes the directory of the logs and, once per store, those above it: whoever made them may have died before. */
  flushNames(): void;
}

export const ledgerDirectories = ({
  files,
  layout,
  failpoint,
}: Pick<StoreContext, "files" | "layout" | "failpoint">): LedgerDirectories => {
  const above = new Set<string>();
  let prepared = false;
  return {
    prepare: () => {
      if (prepared) return;
      failpoint("append:directories");
      const made = [layout.root, layout.logs, layout.locks].flatMap((directory) =>
        makeDirectories(files, directory),
      );
      for (const directory of [layout.root, layout.logs, ...made]) above.add(path.dirname(directory));
      prepared = true;
    },
    flushNames: () => {
      failpoint("append:flush-directory");
      flushDirectory(files, layout.logs);
      for (const directory of above) flushDirectory(files, directory);
      above.clear();
    },
  };
};
