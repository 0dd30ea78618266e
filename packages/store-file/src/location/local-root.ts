/** The ledger's directory as the kernel sees it: links resolved once, and on a file system whose locks reach everybody. */
import path from "node:path";
import { StoreFault } from "@mission-ledger/core";
import { faultOf } from "../faults.ts";
import type { FilePort } from "../files/file-port.ts";

/** Source: durability rules, section 3. Appends and locks are not shared with the other side of these. */
const unsafeFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "SMB (cifs)"],
  [0xfe534d42, "SMB 2"],
  [0x01021997, "9p (a Windows drive in WSL)"],
  [0x65735546, "FUSE"],
]);

/** The real path of a directory that need not exist yet. */
export const realRoot = (files: FilePort, directory: string): string => {
  const absolute = path.resolve(directory);
  const missing: string[] = [];
  let metTwice = "";
  for (let existing = absolute; ; ) {
    try {
      return path.join(files.realpath(existing), ...missing);
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
      const parent = path.dirname(existing);
      if (isMissing && parent !== existing && isNothing(files, existing)) {
        missing.unshift(path.basename(existing));
        existing = parent;
        continue;
      }
      // Somebody may have made it between the two looks. A link that leads nowhere still does at the second: that is a
      // mistake or a trap, not a directory to be made.
      if (!isMissing || metTwice === existing) throw faultOf(error, "open", { path: existing });
      metTwice = existing;
    }
  }
};

const isNothing = (files: FilePort, name: string): boolean => {
  try {
    return files.lstat(name) === undefined;
  } catch (error) {
    throw faultOf(error, "open", { path: name });
  }
};

/** Throws `STORE_UNAVAILABLE` on a file system that is shared with another kernel. */
export const checkFileSystem = (files: FilePort, root: string): void => {
  for (let existing = root; ; existing = path.dirname(existing)) {
    let type: number;
    try {
      type = files.fileSystemType(existing);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT" && existing !== path.dirname(existing)) continue;
      throw faultOf(error, "open", { path: existing });
    }
    // statfs answers a signed number on some systems
    const name = unsafeFileSystems.get(type >>> 0);
    if (name === undefined) return;
    throw new StoreFault(
      "STORE_UNAVAILABLE",
      `${root} lies on ${name}, whose locks and appends other machines do not share`,
      {
        outcome: "not_written",
        retryable: false,
        hint: "Keep the ledger on a local disk, or set allowUnsafeFileSystem if only this machine ever writes.",
        details: { path: root, fileSystem: name },
      },
    );
  }
};
