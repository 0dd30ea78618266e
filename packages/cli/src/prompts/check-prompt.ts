/**
 * The dispatch check: reads a prompt's file again, asks the log and git, and lets a review go by it only if nothing differs. It
 * answers what was read, so that a reviewer can be given the very bytes that were checked.
 */
import path from "node:path";
import { type CancelSignal, sha256Hex } from "@mission-ledger/core";
import {
  type Ledger,
  type PlaceName,
  type PromptDifference,
  type PromptGround,
  promptDifferences,
  prompts,
} from "@mission-ledger/core/mission";
import {
  type GitPlace,
  hasCommit,
  isGitFault,
  type Repository,
  readBranch,
  readRepository,
} from "@mission-ledger/git";
import type { FilePort } from "@mission-ledger/store-file";
import type { Ref } from "../command/refs.ts";
import type { Environment } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { CliError } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { observeWorkplace } from "../workplace/observe-workplace.ts";
import { placeName } from "../workplace/places.ts";
import { type PromptHead, parsePrompt } from "./prompt-document.ts";
import { type FoundFile, readPromptFile } from "./prompt-file.ts";
import { pathOfPrompt } from "./prompt-folder.ts";
import { withoutRedirection } from "./worktree-environment.ts";

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
  readonly say: (command: string, rest: string) => string;
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
  const found = readGiven(check);
  if ("differs" in found) throw mismatch(check, wanted, found.differs);
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
  if (all.length > 0 || record === undefined) throw mismatch(check, about, all);
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

type Given =
  | { readonly differs: readonly PromptDifference[] }
  | { readonly head: PromptHead; readonly bytes: Buffer };

/** The file, read where its own name and its head both say it was written, and nowhere else. */
const readGiven = ({ files, file, folder }: Pick<PromptCheck, "files" | "file" | "folder">): Given => {
  const names = namesBelow(files, folder, file);
  if (names === undefined) return { differs: [fileDifference(folder, file, "path")] };
  const found = readPromptFile({ files, folder, path: names });
  if (found._tag === "Unusable") return { differs: [fileDifference("a file of yours alone", found.problem)] };
  const head = headOf(found);
  if (head === undefined) return { differs: [fileDifference("a review prompt", "something else")] };
  const own = ownNames(head);
  if (own === undefined || own.join("/") !== names.join("/"))
    return { differs: [fileDifference(own?.join("/") ?? null, names.join("/"), "path")] };
  return { head, bytes: found.bytes };
};

/** What a prompt says of itself, unchecked; `undefined` where it cannot be read. */
export const readPromptHead = (
  check: Pick<PromptCheck, "files" | "file" | "folder">,
): PromptHead | undefined => {
  const given = readGiven(check);
  return "differs" in given ? undefined : given.head;
};

const fileDifference = (recorded: string | null, found: string, field = "file"): PromptDifference => ({
  field,
  reason: "file",
  recorded,
  found,
});

const headOf = ({ bytes }: Extract<FoundFile, { _tag: "Read" }>): PromptHead | undefined => {
  try {
    return parsePrompt(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
};

const ownNames = (head: PromptHead): readonly string[] | undefined => {
  try {
    return pathOfPrompt(head);
  } catch {
    // Longer than any mission's name, or no text.
    return undefined;
  }
};

/** A file's place below the prompts' folder, whichever links lead to that folder; the file itself may not be one. */
const namesBelow = (files: FilePort, folder: string, file: string): readonly string[] | undefined => {
  try {
    const parent = files.realpath(path.dirname(file));
    const below = path.relative(files.realpath(folder), path.join(parent, path.basename(file)));
    const names = below.split(path.sep);
    return names.length === 3 && !names.includes("..") ? names : undefined;
  } catch {
    // There is no such folder.
    const names = path.relative(folder, file).split(path.sep);
    return names.length === 3 && !names.includes("..") ? names : undefined;
  }
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

const groundOf = async (check: PromptCheck, head: PromptHead): Promise<PromptGround> => {
  const { env, signal } = check;
  const asking: GitPlace = { cwd: check.cwd, env, ...(signal === undefined ? {} : { signal }) };
  const there: GitPlace = { ...asking, cwd: head.worktree.path, env: withoutRedirection(env) };
  const [own, work, hasBase, hasHead] = await Promise.all([
    seenAt(asking, head.repository),
    seenAt(there, head.repository, head.worktree),
    hasIt(there, head.base),
    hasIt(there, head.head),
  ]);
  const { branch, head: commit } = head.headFrom === "worktree" ? work : await namedHead(there, head);
  return {
    repository: own.repository,
    worktree: work.worktree,
    worktreeRepository: work.repository,
    branch,
    head: commit,
    hasBase,
    hasHead,
  };
};

interface Seen extends Pick<PromptGround, "repository" | "worktree" | "branch" | "head"> {}

/**
 * What stands at a place. That it is what was expected can be read from git's own files, without starting git half a dozen
 * times; that it is not, only git says.
 */
const seenAt = async (place: GitPlace, repository: PlaceName, worktree?: PlaceName): Promise<Seen> => {
  const { cwd, env = {} } = place;
  const seen = await observeWorkplace({ cwd, env });
  if (
    seen.repository?.id === repository.id &&
    seen.branch !== undefined &&
    (worktree === undefined || seen.worktree?.id === worktree.id)
  )
    return {
      repository: seen.repository,
      worktree: seen.worktree ?? null,
      branch: seen.branch,
      head: seen.head ?? null,
    };
  const found = await repositoryAt(place);
  return {
    repository: placeOf(found?.commonDirectory),
    worktree: placeOf(found?.workTree),
    branch: found === undefined || found.head._tag === "Detached" ? null : found.head.branch,
    head: found === undefined || found.head._tag === "Unborn" ? null : found.head.commit,
  };
};

const placeOf = (directory: string | undefined): PlaceName | null =>
  directory === undefined ? null : placeName(directory);

/** `undefined` where there is none any more; a git that does not answer is no such thing, and passes through. */
const repositoryAt = async (place: GitPlace): Promise<Repository | undefined> => {
  try {
    return await readRepository(place);
  } catch (error) {
    if (isNoRepository(error)) return undefined;
    throw error;
  }
};

const isNoRepository = (error: unknown): boolean =>
  isGitFault(error) && (error.code === "GIT_NO_REPOSITORY" || error.code === "GIT_NO_WORK_TREE");

/** Where the branch that was named stands now; a commit alone stays where it is. */
const namedHead = async (
  place: GitPlace,
  { branch, head }: PromptHead,
): Promise<Pick<PromptGround, "branch" | "head">> => {
  if (branch === null) return { branch, head };
  try {
    const found = await readBranch(place, branch);
    return { branch: found?.branch ?? null, head: found?.commit ?? null };
  } catch (error) {
    if (isNoRepository(error)) return { branch: null, head: null };
    throw error;
  }
};

const hasIt = async (place: GitPlace, commit: string): Promise<boolean> => {
  try {
    return await hasCommit(place, commit);
  } catch (error) {
    if (isNoRepository(error)) return false;
    if (isGitFault(error) && (error.code === "GIT_NAME_INVALID" || error.code === "GIT_REVISION_MISSING"))
      return false;
    throw error;
  }
};

const mismatch = (
  { file, say }: PromptCheck,
  about: Ref | undefined,
  differs: readonly PromptDifference[],
): CliError => {
  const [first] = differs;
  const ref = about === undefined ? undefined : `${about.slug}/${about.workPackageId}`;
  return new CliError(
    "PROMPT_MISMATCH",
    `${file} is not the prompt for a review${ref === undefined ? "" : ` of ${ref}`} that goes on here: ${counted(differs.length, "difference")}, first ${first?.field} (${first?.reason})`,
    {
      hint: `Do not review by it. Ask for another: ${say("review.prompt", ref === undefined ? "<mission>/<package>" : shellQuote(ref))}`,
      details: {
        file,
        mission: about?.slug ?? null,
        workPackageId: about?.workPackageId ?? null,
        invariant: "a review goes by the prompt that was issued for it, byte for byte",
        differs,
      },
    },
  );
};
