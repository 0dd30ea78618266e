/**
 * The mark of a failed flush, a file beside the database: whoever has it open already learns of the failure nowhere else. It is
 * not flushed. A power cut that loses it loses the cache too, which it warns of.
 */
import fs from "node:fs";
import type { Failpoint } from "@mission-ledger/core";
import { codeOf } from "../faults.ts";
import { statusOf } from "../location/database-place.ts";

const nameOf = (path: string): string => `${path}-suspect`;

/** Whether somebody's flush failed and the database was not written anew since. */
export const isMarkedSuspect = (path: string): boolean => {
  try {
    return statusOf(nameOf(path)) !== undefined;
  } catch (error) {
    // Then nobody can have set it.
    if (codeOf(error) === "ENAMETOOLONG") return false;
    throw error;
  }
};

/** Never throws: the flush has failed already, and that is what has to be told. */
export const markSuspect = (path: string, failpoint: Failpoint): void => {
  try {
    failpoint("suspect:mark");
    fs.closeSync(fs.openSync(nameOf(path), "wx", 0o600));
  } catch {
    // It stands already, or only this process knows.
  }
};

export const removeMark = (path: string): void => {
  try {
    fs.unlinkSync(nameOf(path));
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
};
