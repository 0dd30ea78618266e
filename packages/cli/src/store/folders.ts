/** Folders for a ledger that is about to be made. */
import fs from "node:fs";
import path from "node:path";
import { type FaultCode, StoreFault } from "@mission-ledger/core";
import { CliError } from "../output/problem.ts";
import { danglingLink, danglingWords } from "./dangling-link.ts";

/** Makes `folder` and what is missing above it, for `ledger`. Throws a fault for what the disk refuses, `USAGE` for a path that cannot be one. */
export const makeFoldersFor = (ledger: string, folder: string): void => {
  const dangling = danglingLink(folder);
  if (dangling !== undefined)
    throw new CliError("USAGE", `${ledger} cannot be made a ledger: ${danglingWords(dangling)}`, {
      hint: "Put back what the link leads to, name the place itself, or take the link away.",
      details: { path: ledger, ...dangling },
    });
  try {
    makeFolders(folder);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    const message = `${ledger} cannot be made a ledger: ${code}`;
    const details = { path: ledger };
    const fault = faultOf[code];
    if (fault === undefined) throw new CliError("USAGE", message, { cause: error, details });
    throw new StoreFault(fault, message, {
      outcome: "not_written",
      retryable: false,
      cause: error,
      details,
    });
  }
};

/** One after the other: Node's own `recursive` never ends where a parent exists that takes no folders, such as `/proc`. */
const makeFolders = (folder: string): void => {
  const missing: string[] = [];
  for (let at = folder; !fs.existsSync(at) && at !== path.dirname(at); at = path.dirname(at))
    missing.unshift(at);
  if (missing.length === 0 && !fs.statSync(folder).isDirectory())
    throw Object.assign(new Error("not a folder"), { code: "ENOTDIR" });
  for (const at of missing) {
    try {
      fs.mkdirSync(at, { mode: 0o700 });
    } catch (error) {
      // Somebody else makes the same ledger at the same time.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
};

const faultOf: Readonly<Record<string, FaultCode>> = {
  EACCES: "PERMISSION_DENIED",
  EPERM: "PERMISSION_DENIED",
  EROFS: "STORAGE_READ_ONLY",
  ENOSPC: "STORAGE_FULL",
  EDQUOT: "STORAGE_FULL",
};
