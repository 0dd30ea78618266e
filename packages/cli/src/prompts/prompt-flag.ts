/** The flag that tells a command which prompt to go by, and the check of that prompt from where the command runs. */
import path from "node:path";
import type { CancelSignal } from "@mission-ledger/core";
import { type Ref, resolveRef } from "../command/refs.ts";
import type { CommandContext } from "../command/spec.ts";
import type { CheckedPrompt } from "./check-prompt.ts";
import { earlierEvents } from "./earlier-command.ts";
import { readPromptHead } from "./given-prompt.ts";
import { promptFolderOf } from "./prompt-folder.ts";

export const promptFlag = {
  prompt: {
    kind: "path",
    description: "the prompt this is done by; refused with PROMPT_MISMATCH unless it is sound",
    placeholder: "file",
  },
} as const;

export interface FlaggedPrompt {
  readonly file: string;
  readonly wanted: Ref | undefined;
  readonly worktree?: string | undefined;
  readonly signal: CancelSignal | undefined;
}

/** The dispatch check from where a command runs. Throws `PROMPT_MISMATCH`. */
export const checkGiven = async (
  context: CommandContext,
  { file, wanted, worktree, signal }: FlaggedPrompt,
): Promise<CheckedPrompt> => {
  const { cwd, env, files, say } = context;
  const { checkPrompt } = await import("./check-prompt.ts");
  return checkPrompt({
    ledger: await context.ledger(),
    file: path.resolve(cwd, file),
    files,
    folder: promptFolderOf(await context.place(), env),
    cwd,
    env,
    wanted,
    worktree: worktree === undefined ? undefined : path.resolve(cwd, worktree),
    signal,
    say,
  });
};

/**
 * What is reviewed by the prompt that a command was given, once it was checked; `undefined` where none was given. A command that
 * was done before under its id is not checked anew, since its review may be over: it says what it said then.
 */
export const reviewedBy = async (
  context: CommandContext,
  {
    ref,
    prompt,
    requestId,
  }: {
    readonly ref: string;
    readonly prompt: string | undefined;
    readonly requestId: string | undefined;
  },
  signal: CancelSignal | undefined,
): Promise<string | undefined> => {
  if (prompt === undefined) return undefined;
  const ledger = await context.ledger();
  const wanted = await resolveRef(ledger, ref);
  if ((await earlierEvents(ledger, wanted.slug, requestId)) === undefined)
    return (await checkGiven(context, { file: prompt, wanted, signal })).head.subject;
  const { cwd, env, files } = context;
  const folder = promptFolderOf(await context.place(), env);
  return readPromptHead({ files, file: path.resolve(cwd, prompt), folder })?.subject;
};
