/** The guard for programs: whether what changed in a work tree belongs to the package that is worked on there. */
import path from "node:path";
import type { CancelSignal } from "@mission-ledger/core";
import type { Environment } from "../command/spec.ts";
import { type GuardAnswer, guardOwnership } from "../guard/guard.ts";
import { ledgerIndexOf } from "../mission-index/ledger-index.ts";
import type { LibraryContext } from "./library-context.ts";

export interface GuardOptions {
  /** Any folder of the work tree. @defaultValue where the ledger was looked for */
  readonly cwd?: string;
  /** What git gets of an environment, such as `PATH` and `HOME`; in a hook, git's own variables. @defaultValue empty */
  readonly env?: Environment;
  /**
   * Which changes: those that the next commit would make; those committed since HEAD parted from a branch or commit; or all
   * that was committed since the claim and all that is not committed, also files unknown to git. @defaultValue "worktree"
   */
  readonly changes?: "staged" | "worktree" | { readonly base: string };
  /** Only packages of this mission. @defaultValue of every mission */
  readonly mission?: string;
  /** `mission/WP01`, or `WP01`: the package whose work it is. @defaultValue the one that is worked on in the work tree */
  readonly workPackage?: string;
  /** The package that is worked on in this execution lane. */
  readonly executionLane?: string;
  readonly signal?: CancelSignal;
}

export const guardIn = (
  { engine, at, cwd: root, machine }: LibraryContext,
  { cwd = root, env = {}, changes = "worktree", ...asked }: GuardOptions,
): Promise<GuardAnswer> =>
  guardOwnership({
    ledger: engine,
    index: at === null ? undefined : ledgerIndexOf(at, {}),
    directory: at?.store === "file" ? at.path : null,
    cwd: path.resolve(cwd),
    env,
    clock: engine.clock,
    machine,
    scope: typeof changes === "string" ? { kind: changes } : { kind: "base", base: changes.base },
    ...asked,
  });
