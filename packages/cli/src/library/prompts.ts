/** Review prompts in a program's hands: one is issued for a work package, and checked before anybody reviews by it. */
import path from "node:path";
import type {
  MissionHandle,
  MissionReceipt,
  OpenMission,
  RequestOptions,
} from "@mission-ledger/core/mission";
import { nodeFiles } from "@mission-ledger/store-file";
import { ownNames } from "../command/names.ts";
import { openMission, openWorkPackage, resolveRef } from "../command/refs.ts";
import type { Environment } from "../command/spec.ts";
import type { CheckedPrompt } from "../prompts/check-prompt.ts";
import type { PromptHead } from "../prompts/prompt-document.ts";
import { promptFolderOf } from "../prompts/prompt-folder.ts";
import { formatAddress } from "../store/address.ts";
import type { LibraryContext } from "./library-context.ts";

interface WhereGitIs {
  /** From which what git needs is taken: `PATH`, `HOME`, git's own. @defaultValue empty */
  readonly env?: Environment;
}

export interface IssuePromptOptions extends RequestOptions, WhereGitIs {
  /** Folder of the worktree with the work. @defaultValue the ledger's `cwd` */
  readonly worktree?: string;
  /** What the work is compared with. @defaultValue the mission's target branch */
  readonly base?: string;
  /** What is reviewed. @defaultValue what the worktree has checked out */
  readonly head?: string;
}

export interface IssuedReviewPrompt {
  readonly promptId: string;
  readonly file: string;
  readonly sha256: string;
  readonly head: PromptHead;
  /** What a reviewer should know of, as sentences. */
  readonly remarks: readonly string[];
  readonly receipt: MissionReceipt;
}

export interface CheckPromptOptions extends WhereGitIs {
  /** Any folder of the repository that the review is for. @defaultValue the ledger's `cwd` */
  readonly cwd?: string;
  /** The review that is about to begin, such as `passkeys/WP01`. @defaultValue whichever the prompt is for */
  readonly for?: string;
  /** The worktree that it is about to begin in. @defaultValue whichever the prompt names */
  readonly worktree?: string;
  readonly signal?: AbortSignal;
}

const { say } = ownNames("mled");

const portsOf = ({ engine, at }: LibraryContext, env: Environment) => ({
  files: nodeFiles,
  clock: engine.clock,
  folder: promptFolderOf({ at }, env),
  ledgerName: at === null ? null : at.store === "eventstoredb" ? formatAddress(at) : at.path,
  say,
});

/** Throws `NOT_REVIEWABLE`, and what the ledger and git may. A prompt that is answered is on record and was read again. */
export const issueReviewPrompt = async (
  context: LibraryContext,
  handle: MissionHandle,
  workPackageId: string,
  { worktree = "", base, head, env = {}, ...options }: IssuePromptOptions = {},
): Promise<IssuedReviewPrompt> => {
  const { engine, cwd, randomness } = context;
  const mission: OpenMission = await openMission(engine, handle.slug);
  const commandId = options.commandId ?? randomness.uuid();
  const { draftPrompt } = await import("../prompts/issue-prompt.ts");
  const draft = await draftPrompt(
    {
      ledger: engine,
      mission,
      workPackage: openWorkPackage(mission, workPackageId),
      commandId,
      mayBeRepeated: options.commandId !== undefined,
      worktree: path.resolve(cwd, worktree),
      env,
      base,
      head,
      signal: options.signal,
    },
    portsOf(context, env),
  );
  const receipt = await draft.record((request) => handle.execute(request, { ...options, commandId }));
  const { file, sha256, remarks } = draft;
  return { promptId: draft.head.promptId, file, sha256, head: draft.head, remarks, receipt };
};

/** Throws `PROMPT_MISMATCH` with everything that differs in `details.differs`. What is answered may be reviewed by. */
export const checkReviewPrompt = async (
  context: LibraryContext,
  file: string,
  { cwd = context.cwd, for: wanted, worktree, env = {}, signal }: CheckPromptOptions = {},
): Promise<CheckedPrompt> => {
  const { checkPrompt } = await import("../prompts/check-prompt.ts");
  return checkPrompt({
    ...portsOf(context, env),
    ledger: context.engine,
    file: path.resolve(cwd, file),
    cwd: path.resolve(cwd),
    env,
    wanted: wanted === undefined ? undefined : await resolveRef(context.engine, wanted),
    worktree: worktree === undefined ? undefined : path.resolve(cwd, worktree),
    signal,
  });
};
