/** A review prompt: written, flushed, read again, and only then on record. Without its event a file is of no use to anybody. */
import path from "node:path";
import {
  type CancelSignal,
  type Clock,
  eventNamespace,
  LedgerError,
  nameBasedUuid,
  StoreFault,
  sha256Hex,
  timestamp,
} from "@mission-ledger/core";
import {
  type Ledger,
  type MissionCommandOf,
  type OpenMission,
  reviewSubject,
  reviews,
  type WorkPackage,
} from "@mission-ledger/core/mission";
import type { FilePort } from "@mission-ledger/store-file";
import type { Names } from "../command/names.ts";
import type { Environment } from "../command/spec.ts";
import { earlierEvents } from "./earlier-command.ts";
import { promptBody } from "./prompt-body.ts";
import { formatPrompt, type PromptHead, parsePrompt, promptSchema } from "./prompt-document.ts";
import { maxPromptBytes, readPromptFile, removePromptFile, writePromptFile } from "./prompt-file.ts";
import { pathOfPrompt } from "./prompt-folder.ts";
import { promptMismatch } from "./prompt-mismatch.ts";
import { type ReviewGround, readReviewGround } from "./review-ground.ts";

export interface PromptRequest {
  readonly ledger: Ledger;
  readonly mission: OpenMission;
  readonly workPackage: WorkPackage;
  /** Of this one intention: the same request makes the same prompt. */
  readonly commandId: string;
  /** The command id came from outside, so it may have been used. */
  readonly mayBeRepeated: boolean;
  /** Absolute. */
  readonly worktree: string;
  readonly env: Environment;
  readonly base?: string | undefined;
  readonly head?: string | undefined;
  readonly signal: CancelSignal | undefined;
}

export interface PromptPorts {
  readonly files: FilePort;
  readonly clock: Clock;
  /** Where the prompts of the ledger lie. */
  readonly folder: string;
  /** What people call the ledger by. */
  readonly ledgerName: string | null;
  /** How a command is typed here. */
  readonly say: Names["say"];
}

export type IssueRequest = Omit<MissionCommandOf<"IssueReviewPrompt">, "actor" | "at">;

export interface DraftedPrompt {
  readonly head: PromptHead;
  readonly file: string;
  readonly sha256: string;
  readonly remarks: readonly string[];
  /** It was put on record before, by the same request. */
  readonly isOnRecord: boolean;
  /** The command that puts it on record. */
  readonly request: IssueRequest;
  /** Writes the file, runs the command, and takes the file away again if that was certainly not done. */
  record<A>(execute: (request: IssueRequest) => Promise<A>): Promise<A>;
}

/** Looks at git and the ledger, and writes nothing yet. Throws `NOT_REVIEWABLE`, and what git and the store may. */
export const draftPrompt = async (request: PromptRequest, ports: PromptPorts): Promise<DraftedPrompt> => {
  const { ledger, mission, workPackage, worktree, env, base, head, signal } = request;
  const { files, folder, say } = ports;
  const earlierPrompt = await promptOnRecord(request, ports);
  if (earlierPrompt !== undefined) return earlierPrompt;
  const place = { cwd: worktree, env, ...(signal === undefined ? {} : { signal }) };
  const ground = await readReviewGround({ place, mission, workPackage, base, head, say });
  const history = await ledger.mission(mission.slug).view(reviews, signal === undefined ? {} : { signal });
  const promptId = promptIdFor(request);
  const names = namesOf({ mission: mission.slug, workPackageId: workPackage.id, promptId });
  const file = path.join(folder, ...names);
  // An earlier try of the same request that was interrupted goes on with its file, if it would be the same.
  const earlier = readPromptFile({ files, folder, path: names });
  const begun = earlier._tag === "Read" ? parsePrompt(earlier.bytes.toString("utf8")) : undefined;
  const written = headOf(request, ports, ground, promptId, begun?.createdAt);
  const text = formatPrompt(
    written,
    promptBody({
      head: written,
      file,
      mission,
      workPackage,
      reviews: history.view[workPackage.id],
      changes: ground.changes,
      remarks: ground.remarks,
      say,
    }),
  );
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length > maxPromptBytes) throw tooLong(written, bytes.length);
  const sha256 = sha256Hex(text);
  const issue = requestOf(written, sha256);
  return {
    head: written,
    file,
    sha256,
    remarks: ground.remarks,
    isOnRecord: false,
    request: issue,
    record: async (execute) => {
      const isNew = writePromptFile({ files, folder, path: names, bytes });
      if (!isNew) mustBeSame(file, readPromptFile({ files, folder, path: names }), bytes);
      try {
        return await execute(issue);
      } catch (error) {
        if (isNew && LedgerError.is(error) && error.outcome === "not_written") removePromptFile(files, file);
        throw error;
      }
    },
  };
};

/** What asks twice under one command id means one prompt, and never that of another mission or package. */
const promptIdFor = ({ commandId, mission, workPackage }: PromptRequest): string =>
  nameBasedUuid(eventNamespace, JSON.stringify(["prompt", commandId, mission.missionId, workPackage.id]));

/** What the same request wrote before, as long as its file is what was recorded. Throws `PROMPT_MISMATCH` when it is not. */
const promptOnRecord = async (
  { ledger, mission, workPackage, commandId, mayBeRepeated }: PromptRequest,
  { files, folder, say }: PromptPorts,
): Promise<DraftedPrompt | undefined> => {
  const events = mayBeRepeated ? await earlierEvents(ledger, mission.slug, commandId) : undefined;
  const record = events?.find((event) => event.type === "ReviewPromptIssued");
  if (record === undefined || record.workPackageId !== workPackage.id) return undefined;
  const { cycle, ...recorded } = record;
  const names = namesOf({ ...record, mission: mission.slug });
  const file = path.join(folder, ...names);
  const found = readPromptFile({ files, folder, path: names });
  const head = found._tag === "Read" ? parsePrompt(found.bytes.toString("utf8")) : undefined;
  if (found._tag === "Unusable" || head === undefined || sha256Hex(found.bytes) !== record.sha256)
    throw promptMismatch({ file, say }, { slug: mission.slug, workPackageId: workPackage.id }, [
      {
        field: "file",
        reason: "file",
        recorded: record.sha256,
        found: found._tag === "Unusable" ? found.problem : sha256Hex(found.bytes),
      },
    ]);
  const request: IssueRequest = { ...recorded, type: "IssueReviewPrompt" };
  const execute = <A>(run: (request: IssueRequest) => Promise<A>): Promise<A> => run(request);
  return { head, file, sha256: record.sha256, remarks: [], isOnRecord: true, request, record: execute };
};

const namesOf = (name: Parameters<typeof pathOfPrompt>[0]): readonly string[] => {
  const names = pathOfPrompt(name);
  if (names === undefined) throw new TypeError(`no prompt can be called ${JSON.stringify(name)}`);
  return names;
};

const headOf = (
  { mission, workPackage }: PromptRequest,
  { clock, ledgerName }: PromptPorts,
  { repository, worktree, branch, base, head, comparedWith, headFrom }: ReviewGround,
  promptId: string,
  createdAt: string = timestamp(clock.now()),
): PromptHead => ({
  schema: promptSchema,
  promptId,
  mission: mission.slug,
  missionId: mission.missionId,
  workPackageId: workPackage.id,
  cycle: Math.max(workPackage.reviewCycle, 1),
  subject: workPackage.subject ?? reviewSubject(workPackage),
  repository,
  worktree,
  branch,
  base,
  head,
  comparedWith,
  headFrom,
  createdAt,
  ledger: ledgerName,
});

const requestOf = (
  { workPackageId, promptId, subject, repository, worktree, branch, base, head }: PromptHead,
  sha256: string,
): IssueRequest => ({
  type: "IssueReviewPrompt",
  workPackageId,
  promptId,
  subject,
  sha256,
  // Without their paths: the log is shared.
  repository: { id: repository.id, name: repository.name },
  worktree: { id: worktree.id, name: worktree.name },
  branch,
  base,
  head,
});

const mustBeSame = (file: string, found: ReturnType<typeof readPromptFile>, wanted: Uint8Array): void => {
  if (found._tag === "Read" && Buffer.compare(found.bytes, wanted) === 0) return;
  throw new StoreFault("UNSAFE_FILE", `${file} stands where the prompt belongs, and is something else`, {
    outcome: "not_written",
    retryable: false,
    hint: "Ask again under another request id; what stands there was left as it is.",
    details: { path: file, found: found._tag === "Read" ? "other bytes" : found.problem },
  });
};

const tooLong = ({ mission, workPackageId }: PromptHead, bytes: number): StoreFault =>
  new StoreFault(
    "LIMIT_EXCEEDED",
    `the prompt for ${mission}/${workPackageId} would be ${bytes} bytes long`,
    {
      outcome: "not_written",
      retryable: false,
      hint: "Review a smaller package, or commits with fewer and shorter names of files.",
      details: { mission, workPackageId, bytes, limit: maxPromptBytes },
    },
  );
