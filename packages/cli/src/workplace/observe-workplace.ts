/** Where work is done: machine, repository, work tree, branch and commit, as facts for a claim. */
import fs from "node:fs";
import path from "node:path";
import { type HoldingProgram, limits, type Workplace } from "@mission-ledger/core/mission";
import { locateGitDirectories } from "@mission-ledger/store-file";
import type { Environment } from "../command/spec.ts";
import { type Machine, systemMachine } from "../machine/machine.ts";
import { gitEnvironment, isGitRedirected } from "../place/place.ts";
import { type CheckedOut, readCheckedOut } from "./checked-out.ts";
import { hostId, placeName } from "./places.ts";

export interface ObserveWorkplace {
  /** Any folder of the work tree. */
  readonly cwd: string;
  /** From which what git needs is taken. @defaultValue empty */
  readonly env?: Environment;
  /** What holds the claim for as long as it lives, if anything does; see `ownProgram`. */
  readonly program?: HoldingProgram | undefined;
  readonly machine?: Machine;
}

/** Starts no process in an ordinary repository. Never fails: what cannot be seen is left out. */
export const observeWorkplace = async ({
  cwd,
  env = {},
  program,
  machine = systemMachine,
}: ObserveWorkplace): Promise<Workplace> => {
  const git = { askGit: isGitRedirected(env), env: gitEnvironment(env) };
  const found = locateGitDirectories(cwd, { git });
  const workTree = found?.workTree === undefined ? undefined : real(found.workTree);
  // One that the environment made up is known to git only while it says so: its end could not be told from its being there.
  const isKnown = workTree !== undefined && fs.existsSync(path.join(workTree, ".git"));
  const out = found === undefined ? undefined : await checkedOut(cwd, env, found.own(), found.common);
  return {
    host: hostId(machine),
    ...(program === undefined ? {} : { program }),
    ...(found === undefined ? {} : { repository: placeName(found.common, machine) }),
    ...(isKnown ? { worktree: placeName(workTree, machine) } : {}),
    ...(out === undefined || (out.branch?.length ?? 0) > limits.branch ? {} : { branch: out.branch }),
    ...(out?.head === undefined ? {} : { head: out.head }),
  };
};

const checkedOut = async (
  cwd: string,
  env: Environment,
  own: string | undefined,
  common: string,
): Promise<CheckedOut | undefined> => {
  const read = own === undefined ? undefined : readCheckedOut(own, common);
  if (read !== undefined) return read;
  const { readHead } = await import("@mission-ledger/git");
  try {
    const head = await readHead({ cwd, env });
    switch (head._tag) {
      case "Branch":
        return { branch: head.branch, head: head.commit };
      case "Unborn":
        return { branch: head.branch };
      case "Detached":
        return { branch: null, head: head.commit };
    }
  } catch {
    return undefined;
  }
};

const real = (folder: string): string => {
  try {
    return fs.realpathSync(folder);
  } catch {
    return folder;
  }
};
