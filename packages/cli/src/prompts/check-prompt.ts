/**
 * The dispatch check: reads a prompt's file again, asks the log and git, and lets a review go by it only if nothing differs. It
 * answers what was read, so that a reviewer can be given the very bytes that were checked.
 */
import { type CancelSignal, sha256Hex } from "@mission-ledger/core";
import {
  type Ledger,
  type PromptDifference,
  type PromptGround,
  promptDifferences,
  prompts,
} from "@mission-ledger/core/mission";
import type { FilePort } from "@mission-ledger/store-file";
import type { Names } from "../command/names.ts";
import type { Ref } from "../command/refs.ts";
import type { Environment } from "../command/spec.ts";
import { placeName } from "../workplace/places.ts";
import { readGivenPrompt } from "./given-prompt.ts";
import type { PromptHead } from "./prompt-document.ts";
import { groundOf } from "./prompt-ground.ts";
import { promptMismatch } from "./prompt-mismatch.ts";

export interface PromptCheck {
  readonly ledger: Ledger;
  /** Absolute. */
  readonly file: string;
  readonly files: FilePort;
  /** Where the prompts of the ledger lie. */
  readonly folder: string;
  /** Any folder of the repository that asks. */
  readonly cwd: string;
  readonly env: Environment;
  /** The review that is about to begin. @defaultValue whichever the prompt is for */
  readonly wanted?: Ref | undefined;
  /** The worktree that it is about to begin in; absolute. @defaultValue whichever the prompt names */
  readonly worktree?: string | undefined;
  readonly signal: CancelSignal | undefined;
  /** How a command is typed here. */
  readonly say: Names["say"];
}

export interface CheckedPrompt {
  readonly head: PromptHead;
  readonly sha256: string;
  /** The file's content, as it was checked. */
  readonly text: string;
  /** When it was put on record. */
  readonly issuedAt: string;
}

/** Throws `PROMPT_MISMATCH` with everything that differs, and the faults of a store or a git that do not answer. */
export const checkPrompt = async (check: PromptCheck): Promise<CheckedPrompt> => {
  const { ledger, wanted, signal } = check;
  const found = readGivenPrompt(check);
  if ("differs" in found) throw promptMismatch(check, wanted, found.differs);
  const { head, bytes } = found;
  const about = { slug: head.mission, workPackageId: head.workPackageId };
  const cancel = signal === undefined ? {} : { signal };
  const handle = ledger.mission(head.mission);
  // From the first event: what is remembered of a log is no proof.
  const { view, gaps } = await handle.view(prompts, { fromStart: true, ...cancel });
  const records = gaps > 0 ? [] : view.filter(({ prompt }) => prompt.promptId === head.promptId);
  const sha256 = sha256Hex(bytes);
  const differs = promptDifferences({
    identity: head,
    sha256,
    issued: records.map(({ prompt }) => prompt),
    mission: await handle.state(signal),
    // What an unknown prompt says of places is not looked at.
    ground: records.length === 0 ? nowhere : await groundOf(check, head),
  });
  const all = [
    ...wantedDifferences(check, head),
    ...differs,
    ...(records.length === 0 ? [] : pathDifferences(head)),
  ];
  const [record] = records;
  if (all.length > 0 || record === undefined) throw promptMismatch(check, about, all);
  return { head, sha256, text: bytes.toString("utf8"), issuedAt: record.issuedAt };
};

const nowhere: PromptGround = {
  repository: null,
  worktree: null,
  worktreeRepository: null,
  branch: null,
  head: null,
  hasBase: false,
  hasHead: false,
};

const wantedDifferences = (
  { wanted, worktree, files }: PromptCheck,
  head: PromptHead,
): readonly PromptDifference[] => {
  const foreign = (field: string, recorded: string, found: string | null): readonly PromptDifference[] =>
    recorded === found ? [] : [{ field, reason: "foreign", recorded, found }];
  return [
    ...(wanted === undefined
      ? []
      : [
          ...foreign("mission", head.mission, wanted.slug),
          ...foreign("workPackage", head.workPackageId, wanted.workPackageId),
        ]),
    ...(worktree === undefined ? [] : foreign("worktree", head.worktree.path, realOf(files, worktree))),
  ];
};

const realOf = (files: FilePort, folder: string): string | null => {
  try {
    return files.realpath(folder);
  } catch {
    return null;
  }
};

/** The paths in the head are those of the places it names. */
const pathDifferences = ({ repository, worktree }: PromptHead): readonly PromptDifference[] =>
  (
    [
      ["repository.path", repository],
      ["worktree.path", worktree],
    ] as const
  ).flatMap(([field, { id, path: at }]): readonly PromptDifference[] => {
    const found = placeName(at).id;
    return found === id ? [] : [{ field, reason: "identity", recorded: id, found }];
  });
