/** Review prompts: made for one review of one package at one commit, and checked before anybody reviews by them. */
import path from "node:path";
import type { CancelSignal } from "@mission-ledger/core";
import type { Ledger } from "@mission-ledger/core/mission";
import { formatRef, openMission, openWorkPackage, type Ref, resolveRef } from "../command/refs.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { commandIdFor, receiptData, receiptLines, write, writeFlags } from "../command/write.ts";
import { toned } from "../output/lines.ts";
import { problemOf } from "../output/problem.ts";
import { nameOfPlace } from "../place/place.ts";
import { checkGiven } from "../prompts/prompt-flag.ts";
import { promptFolderOf } from "../prompts/prompt-folder.ts";
import { prunePrompts } from "../prompts/prune-prompts.ts";
import { withoutRedirection } from "../prompts/worktree-environment.ts";
import { refArgument } from "./claims.ts";

export const reviewPrompt: CommandSpec = command({
  name: "review.prompt",
  summary: "Write a prompt for the reviewer of a work package",
  description:
    "The prompt names repository, worktree, branch and two commits by their ids, and lies in a folder of yours beside the ledger. Its hash is put on record; a copy, an edit, or a prompt of another review does not pass review check. What is not committed cannot be reviewed: changes of known files, and new files that the package owns, are refused.",
  arguments: refArgument,
  flags: {
    worktree: {
      kind: "path",
      description: "folder of the worktree with the work; otherwise this one",
      placeholder: "folder",
    },
    base: {
      kind: "text",
      description: "what the work is compared with; otherwise the mission's target branch",
      placeholder: "commit",
    },
    head: {
      kind: "text",
      description: "what is reviewed; otherwise what the worktree has checked out",
      placeholder: "commit",
    },
    ...writeFlags,
  },
  examples: [
    "review prompt passkeys/WP01",
    "review prompt passkeys/WP01 --worktree ../passkeys-wp01 --base main",
  ],
  writes: true,
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const found = await resolveRef(ledger, input.ref);
    const mission = await openMission(ledger, found.slug, signal);
    const place = await context.place();
    const { files, clock, env } = context;
    const commandId = commandIdFor(context, input);
    // With what asks git, which no other command has to load.
    const { draftPrompt } = await import("../prompts/issue-prompt.ts");
    const draft = await draftPrompt(
      {
        ledger,
        mission,
        workPackage: openWorkPackage(mission, found.workPackageId),
        commandId,
        mayBeRepeated: input.requestId !== undefined,
        worktree: path.resolve(context.cwd, input.worktree ?? ""),
        env: input.worktree === undefined ? env : withoutRedirection(env),
        base: input.base,
        head: input.head,
        signal,
      },
      { files, clock, folder: promptFolderOf(place, env), ledgerName: nameOfPlace(place), say: context.say },
    );
    const asked = { ledger, slug: found.slug, input, commandId, signal };
    const rehearse = () =>
      write(context, { ...asked, request: draft.request, input: { ...input, dryRun: true } });
    // Refused before a file is made.
    if (!input.dryRun && !draft.isOnRecord) await rehearse();
    const written = input.dryRun
      ? await rehearse()
      : await draft.record((request) => write(context, { ...asked, request }));
    for (const remark of draft.remarks) context.warn(remark);
    if (!input.dryRun) await tidy(context, { ...found, ledger, signal });
    const { head, file, sha256 } = draft;
    return {
      data: {
        ref: formatRef(found),
        promptId: head.promptId,
        file,
        sha256,
        cycle: head.cycle,
        subject: head.subject,
        repository: head.repository,
        worktree: head.worktree,
        branch: head.branch,
        base: head.base,
        head: head.head,
        ...receiptData(written),
      },
      human: [
        ...receiptLines(written, `issued review prompt ${head.promptId}`),
        input.dryRun ? `  would write ${file}` : file,
      ],
    };
  },
});

/** Prompts of the same package that are spent. That one could not be removed keeps nobody from reviewing. */
const tidy = async (
  context: CommandContext,
  {
    ledger,
    slug,
    workPackageId,
    signal,
  }: Ref & { readonly ledger: Ledger; readonly signal: CancelSignal | undefined },
): Promise<void> => {
  const { files, clock, env } = context;
  try {
    await prunePrompts({
      ledger,
      files,
      clock,
      folder: promptFolderOf(await context.place(), env),
      only: { mission: slug, workPackageId },
      signal,
    });
  } catch (error) {
    const { message } = problemOf(error);
    context.warn(`old review prompts were not removed: ${message}`);
  }
};

export const reviewCheck: CommandSpec = command({
  name: "review.check",
  summary: "Check a review prompt before anybody reviews by it",
  description:
    "Reads the file, the log and git again. Every byte, the package, the review cycle, repository, worktree, branch and commits have to be what was recorded, and what is there now. Run it in the repository that the review is for. Exits with 27 and names each difference otherwise.",
  arguments: { file: { kind: "path", required: true, description: "the prompt" } },
  flags: {
    for: { kind: "ref", description: "the work package whose review is about to begin" },
    worktree: {
      kind: "path",
      description: "the worktree that it is about to begin in",
      placeholder: "folder",
    },
    print: { kind: "boolean", description: "print the prompt itself, as it was checked, for who reviews" },
  },
  examples: [
    "review check .git/mission-ledger/prompts-1000/passkeys/WP01/<id>.md --for passkeys/WP01",
    "review check <file> --print",
  ],
  run: async (context, input, signal) => {
    const { head, sha256, text, issuedAt } = await checkGiven(context, {
      file: input.file,
      wanted: input.for === undefined ? undefined : await existing(context, input.for, signal),
      worktree: input.worktree,
      signal,
    });
    return {
      data: { ok: true, ...head, sha256, issuedAt, text: input.print ? text : null },
      human: input.print
        ? text.replace(/\n$/, "").split("\n")
        : [
            [
              toned("good", "ok"),
              `      ${head.mission}/${head.workPackageId}, review cycle ${head.cycle}, prompt ${head.promptId}`,
            ],
            `commits ${head.base} to ${head.head}${head.branch === null ? "" : ` on ${head.branch}`}`,
            `in ${head.worktree.path}`,
          ],
    };
  },
});

/** A package that is not there is a mistake of who asks, and no difference of the prompt. */
const existing = async (
  context: CommandContext,
  text: string,
  signal: CancelSignal | undefined,
): Promise<Ref> => {
  const ledger = await context.ledger();
  const ref = await resolveRef(ledger, text);
  openWorkPackage(await openMission(ledger, ref.slug, signal), ref.workPackageId);
  return ref;
};
