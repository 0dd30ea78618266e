/** Where the work of a claim is done, for the commands that make one. */
import fs from "node:fs";
import path from "node:path";
import type { HoldingProgram, Workplace } from "@mission-ledger/core/mission";
import type { CommandContext } from "../command/spec.ts";
import { usage } from "../output/problem.ts";
import { observeWorkplace } from "./observe-workplace.ts";

export const worktreeFlag = {
  worktree: {
    kind: "path",
    description: "the work tree the work is done in; otherwise the one you are in",
    placeholder: "folder",
  },
} as const;

/** Throws `USAGE` for a folder that is no work tree, before anything is written. */
export const claimPlace = async (
  { cwd, env, machine }: Pick<CommandContext, "cwd" | "env" | "machine">,
  {
    worktree,
    program,
  }: { readonly worktree?: string | undefined; readonly program?: HoldingProgram | undefined },
): Promise<Workplace> => {
  const common = { machine, program };
  if (worktree === undefined) return observeWorkplace({ cwd, env, ...common });
  const folder = path.resolve(cwd, worktree);
  if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw usage(`--worktree: there is no folder ${folder}`);
  // What git's variables say is about the folder that the command was started in.
  const { GIT_DIR: _1, GIT_COMMON_DIR: _2, GIT_WORK_TREE: _3, ...others } = env;
  const workplace = await observeWorkplace({ cwd: folder, env: others, ...common });
  if (workplace.worktree === undefined) throw usage(`--worktree: ${folder} is in no git work tree`);
  return workplace;
};
