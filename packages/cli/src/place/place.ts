/** Which ledger is meant: the first that says so of `--ledger`, `--store`, `MISSION_LEDGER_STORE`, git, and the folders above. */
import fs from "node:fs";
import path from "node:path";
import { locateLedger } from "@mission-ledger/store-file";
import type { CommandContext, Environment, Place } from "../command/spec.ts";
import { hideInAddress, isServerAddress } from "../output/passwords.ts";
import { CliError, usage } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { formatAddress, parseAddress } from "../store/address.ts";
import { storeAt } from "../store/addressed-store.ts";
import { type DanglingLink, danglingLink, danglingWords } from "../store/dangling-link.ts";
import { fileLedgerIsIn } from "../store/file.ts";
import type { StoreAddress } from "../store/store-kind.ts";

export interface PlaceQuestion {
  readonly cwd: string;
  readonly env: Environment;
  readonly ledger: string | undefined;
  readonly store: string | undefined;
}

/** A place that was found here, and not brought by a host. */
export interface FoundPlace extends Place {
  readonly at: StoreAddress;
}

export const findPlace = ({ cwd, env, ledger, store }: PlaceQuestion): FoundPlace => {
  if (ledger !== undefined && store !== undefined)
    throw usage("--ledger and --store say the same thing; give one");
  // An unset variable in quotes: the folder one happens to be in would become the ledger.
  if (ledger?.trim() === "") throw usage(`--ledger: ${JSON.stringify(ledger)} is not a path`);
  if (ledger !== undefined && isServerAddress(ledger))
    throw usage(`--ledger takes a path; for a server: --store ${shellQuote(hideInAddress(ledger))}`);
  if (ledger !== undefined)
    return placeAt(addressOfPath(path.resolve(cwd, ledger)), "--ledger", "it was named on the command line");
  if (store !== undefined)
    return placeAt(parseAddress(store, "--store", cwd), "--store", "it was named on the command line");
  const wanted = env.MISSION_LEDGER_STORE;
  if (wanted !== undefined && wanted !== "")
    return placeAt(
      parseAddress(wanted, "MISSION_LEDGER_STORE", cwd),
      "MISSION_LEDGER_STORE",
      "the environment says so",
    );
  const { directory, kind, reason, publishTo } = locateLedger(cwd, {
    git: { askGit: isGitRedirected(env), env: gitEnvironment(env) },
  });
  const place = placeAt({ store: "file", path: directory }, kind === "git" ? "git" : "folder", reason);
  // A fresh clone has the copies and no ledger yet: its first write takes them in.
  if (publishTo !== undefined) return { ...place, exists: true, publishTo };
  const elsewhere = place.exists || kind !== "git" ? undefined : ledgerAbove(cwd);
  return elsewhere === undefined ? place : { ...place, elsewhere };
};

/** A ledger from the time before `git init`, or one that was made on purpose in the work tree. */
const ledgerAbove = (cwd: string): string | undefined => {
  for (let at = path.resolve(cwd); ; at = path.dirname(at)) {
    const folder = path.join(at, ".mission-ledger");
    if (fileLedgerIsIn(folder)) return folder;
    if (at === path.dirname(at)) return undefined;
  }
};

/**
 * A file is a database and anything else a directory. What is in a file is not looked at, since reading it would end the
 * locks that this process may have on it; only where nothing is in it, it is no database that anybody has begun.
 */
const addressOfPath = (given: string): StoreAddress => ({
  store: isFile(given) ? "sqlite" : "file",
  path: given,
});

const isFile = (given: string): boolean => {
  try {
    const status = fs.statSync(given);
    return status.isFile() && status.size > 0;
  } catch {
    return false;
  }
};

const placeAt = (at: StoreAddress, decidedBy: string, why: string): FoundPlace => ({
  store: at.store,
  path: at.store === "eventstoredb" ? null : at.path,
  address: formatAddress(at),
  at,
  directory: at.store === "file" ? at.path : null,
  exists: storeAt(at).isThere() ?? null,
  decidedBy,
  why,
});

/** What people call the ledger by: its path where it has one, else its address; `null` for a host's. */
export const nameOfPlace = ({ path: at, address }: Place): string | null => at ?? address;

export const ledgerNotFound = (place: Place, here: Pick<CommandContext, "say" | "sayAt">): CliError => {
  const { store, path: at, directory, why, elsewhere } = place;
  const details = { store, path: at, directory, why };
  const init = here.say("init");
  if (elsewhere !== undefined)
    return new CliError("LEDGER_NOT_FOUND", `there is no ledger at ${at}, but there is one at ${elsewhere}`, {
      hint: `use it: --ledger ${shellQuote(elsewhere)}\nor make one beside git's own files: ${init}`,
      details: { ...details, elsewhere },
    });
  const dangling = danglingIn(place);
  return dangling === undefined
    ? new CliError("LEDGER_NOT_FOUND", `there is no ledger at ${at}`, { hint: init, details })
    : new CliError("LEDGER_NOT_FOUND", `there is no ledger at ${at}: ${danglingWords(dangling)}`, {
        hint: stepPast(dangling, place, here),
        details: { ...details, ...dangling },
      });
};

const danglingIn = ({ store, path: at }: Place): DanglingLink | undefined =>
  at === null ? undefined : danglingLink(store === "file" ? path.join(at, "log") : at);

/** Nothing is made at a link: the place itself has to be named. */
const stepPast = (
  { link, target }: DanglingLink,
  { store, path: at }: Place,
  { say, sayAt }: Pick<CommandContext, "say" | "sayAt">,
): string => {
  const isFolderOfLogs = at !== null && link === path.join(at, "log");
  if (target === undefined || isFolderOfLogs || (store !== "file" && store !== "sqlite"))
    return `Put back what was there; or take the link away, and make a ledger: ${say("init")}`;
  const there = path.join(target, path.relative(link, at ?? link));
  const made = sayAt({ store, path: there }, "init");
  return store === "sqlite" && link === at
    ? `A database is not used through a link. Put it back to ${there} and name that, or make one there: ${made}`
    : `Put back what was there, or make a ledger there: ${made}`;
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

/** Whether the environment, rather than the folder, says which repository is meant. */
export const isGitRedirected = (env: Environment): boolean =>
  ["GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE"].some((name) => (env[name] ?? "") !== "");

/** What git may see of the environment; nothing else is passed on. */
export const gitEnvironment = (env: Environment): Readonly<Record<string, string>> =>
  Object.fromEntries(gitVariables.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
