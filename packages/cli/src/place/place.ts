/** Which ledger is meant: the first that says so of `--ledger`, `--store`, `MISSION_LEDGER_STORE`, git, and the folders above. */
import fs from "node:fs";
import path from "node:path";
import { type FaultCode, StoreFault } from "@mission-ledger/core";
import { locateLedger } from "@mission-ledger/store-file";
import type { Environment, Place } from "../command/spec.ts";
import { CliError, usage } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";

export interface PlaceQuestion {
  readonly cwd: string;
  readonly env: Environment;
  readonly ledger: string | undefined;
  readonly store: string | undefined;
}

export const findPlace = ({
  cwd,
  env,
  ledger,
  store,
}: PlaceQuestion): Place & { readonly directory: string } => {
  if (ledger !== undefined && store !== undefined)
    throw usage("--ledger and --store say the same thing; give one");
  if (ledger !== undefined)
    return placeAt(path.resolve(cwd, ledger), "--ledger", "it was named on the command line");
  if (store !== undefined)
    return placeAt(parseAddress(store, "--store", cwd), "--store", "it was named on the command line");
  const wanted = env.MISSION_LEDGER_STORE;
  if (wanted !== undefined && wanted !== "")
    return placeAt(
      parseAddress(wanted, "MISSION_LEDGER_STORE", cwd),
      "MISSION_LEDGER_STORE",
      "the environment says so",
    );
  const asked = ["GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE"].some(
    (name) => env[name] !== undefined && env[name] !== "",
  );
  const { directory, kind, reason, publishTo } = locateLedger(cwd, {
    git: { askGit: asked, env: gitEnvironment(env) },
  });
  const place = placeAt(directory, kind === "git" ? "git" : "folder", reason);
  // A fresh clone has the copies and no ledger yet: its first write takes them in.
  if (publishTo !== undefined) return { ...place, exists: true, publishTo };
  const elsewhere = place.exists || kind !== "git" ? undefined : ledgerAbove(cwd);
  return elsewhere === undefined ? place : { ...place, elsewhere };
};

/** A ledger from the time before `git init`, or one that was made on purpose in the work tree. */
const ledgerAbove = (cwd: string): string | undefined => {
  for (let at = path.resolve(cwd); ; at = path.dirname(at)) {
    const folder = path.join(at, ".mission-ledger");
    if (isLedger(folder)) return folder;
    if (at === path.dirname(at)) return undefined;
  }
};

const placeAt = (
  directory: string,
  decidedBy: string,
  why: string,
): Place & { readonly directory: string } => ({
  directory,
  exists: isLedger(directory),
  decidedBy,
  why,
});

/** A folder with a `log` folder in it: so a mistyped path is never taken for an empty ledger. */
const isLedger = (directory: string): boolean => {
  try {
    return fs.statSync(path.join(directory, "log")).isDirectory();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What may not be looked into is there; opening it will say what is wrong.
    return code === "EACCES" || code === "EPERM";
  }
};

/** Makes the folder and what is missing above it. Throws a fault for what the disk refuses, `USAGE` for a path that cannot be one. */
export const makeLedgerFolder = (directory: string): void => {
  try {
    makeFolders(path.join(directory, "log"));
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    const message = `${directory} cannot be made a ledger: ${code}`;
    const fault = faultOf[code];
    if (fault === undefined) throw new CliError("USAGE", message, { cause: error, details: { directory } });
    throw new StoreFault(fault, message, {
      outcome: "not_written",
      retryable: false,
      cause: error,
      details: { directory },
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

export const ledgerNotFound = ({ directory, why, elsewhere }: Place, init: string): CliError =>
  elsewhere === undefined
    ? new CliError("LEDGER_NOT_FOUND", `there is no ledger at ${directory}`, {
        hint: init,
        details: { directory, why },
      })
    : new CliError(
        "LEDGER_NOT_FOUND",
        `there is no ledger at ${directory}, but there is one at ${elsewhere}`,
        {
          hint: `use it: --ledger ${shellQuote(elsewhere)}\nor make one beside git's own files: ${init}`,
          details: { directory, why, elsewhere },
        },
      );

/** `file:<directory>`; other stores follow. */
const parseAddress = (address: string, from: string, cwd: string): string => {
  const match = /^([a-z+]+):(.*)$/s.exec(address);
  if (match === null)
    return usageOf(from, `${JSON.stringify(address)} is not an address such as file:.mission-ledger`);
  const [, scheme, rest = ""] = match;
  if (scheme !== "file") return usageOf(from, `${scheme}: stores are not part of this version; file: is`);
  const directory = rest.replace(/^\/\/(?=\/)/, "");
  return directory === "" ? usageOf(from, "file: needs a directory behind it") : path.resolve(cwd, directory);
};

const usageOf = (from: string, problem: string): never => {
  throw usage(`${from}: ${problem}`);
};

const gitVariables: readonly string[] = [
  "GIT_DIR",
  "GIT_COMMON_DIR",
  "GIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "HOME",
  "PATH",
  "XDG_CONFIG_HOME",
  "USERPROFILE",
  "SystemRoot",
];

/** What git may see of the environment; nothing else is passed on. */
export const gitEnvironment = (env: Environment): Readonly<Record<string, string>> =>
  Object.fromEntries(gitVariables.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
