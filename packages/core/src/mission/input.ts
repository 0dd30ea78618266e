/** What commands may carry: patterns and bounds, checked before anything is decided. */
import { isDangerousKey } from "../kernel/json.ts";
import type { MissionCommand } from "./commands.ts";
import type { Evidence, PlaceName, PlannedWorkPackage, Subtask, Workplace } from "./events.ts";
import type { ReviewArtifact } from "./state.ts";
import { slugPattern } from "./stream.ts";

/** Ids of work packages and subtasks: they become keys, file names in exports and words on a command line. */
export const keyPattern: RegExp = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

/** Bounds in characters or items, so that one command always fits one record of 64 KiB. */
export interface Limits {
  readonly title: number;
  readonly actor: number;
  readonly reason: number;
  readonly note: number;
  readonly ref: number;
  readonly glob: number;
  readonly branch: number;
  readonly items: number;
  readonly workPackagesPerCommand: number;
  readonly reviewFiles: number;
  readonly minLeaseMs: number;
  readonly maxLeaseMs: number;
}

export const limits: Limits = {
  title: 300,
  actor: 200,
  reason: 2_000,
  note: 8_000,
  ref: 1_000,
  glob: 128,
  branch: 250,
  items: 100,
  /** 32 packages make 64 events, the most one command may write. */
  workPackagesPerCommand: 32,
  /** Each of them may become an event with a name as long as `ref`. */
  reviewFiles: 32,
  /** 1 second to 30 days. */
  minLeaseMs: 1_000,
  maxLeaseMs: 30 * 24 * 3_600_000,
};

export interface InputProblem {
  readonly field: string;
  readonly problem: string;
  readonly workPackageId?: string;
}

const evidenceKinds: readonly string[] = ["commit", "file", "test", "url", "note"];

/** The first thing wrong with a command's content, if anything is. */
export const findInputProblem = (command: MissionCommand): InputProblem | undefined =>
  text("actor", command.actor, limits.actor) ??
  (isTimestamp(command.at) ? undefined : problem("at", "is not a time")) ??
  content(command);

const content = (command: MissionCommand): InputProblem | undefined => {
  switch (command.type) {
    case "CreateMission":
      return (
        // The pattern alone takes what is no text for its text: "undefined" is a name of a-z.
        (typeof command.slug === "string" && slugPattern.test(command.slug)
          ? undefined
          : problem("slug", "may hold a-z, 0-9 and inner hyphens, at most 64")) ??
        text("title", command.title, limits.title) ??
        text("missionId", command.missionId, 64) ??
        metAt(command.dependencyMetAt) ??
        optionalText("targetBranch", command.targetBranch, limits.branch)
      );
    case "ChangeMissionSettings":
      return (
        (command.title === undefined ? undefined : text("title", command.title, limits.title)) ??
        (command.dependencyMetAt === undefined ? undefined : metAt(command.dependencyMetAt)) ??
        (command.targetBranch === null
          ? undefined
          : optionalText("targetBranch", command.targetBranch, limits.branch))
      );
    case "AddWorkPackages":
      if (command.workPackages.length === 0) return problem("workPackages", "is empty");
      if (command.workPackages.length > limits.workPackagesPerCommand)
        return problem("workPackages", `holds more than ${limits.workPackagesPerCommand}`);
      return first(command.workPackages, planned);
    case "ReviseWorkPackage":
      return key("workPackageId", command.workPackageId) ?? plan(command);
    case "ClaimWorkPackage":
      return (
        key("workPackageId", command.workPackageId) ??
        (command.kind === "implement" || command.kind === "review"
          ? undefined
          : problem("kind", "is neither implement nor review")) ??
        lease(command.leaseMs) ??
        (command.subject === undefined ? undefined : digest("subject", command.subject)) ??
        (command.workplace === undefined ? undefined : workplace(command.workplace))
      );
    case "RenewClaim":
      return (
        key("workPackageId", command.workPackageId) ??
        lease(command.leaseMs) ??
        (command.workplace === undefined ? undefined : workplace(command.workplace))
      );
    case "ReleaseClaim":
      return (
        key("workPackageId", command.workPackageId) ?? optionalText("reason", command.reason, limits.reason)
      );
    case "RecoverClaim":
      return key("workPackageId", command.workPackageId) ?? text("reason", command.reason, limits.reason);
    case "MoveWorkPackage":
      return (
        key("workPackageId", command.workPackageId) ??
        optionalText("reason", command.reason, limits.reason) ??
        optionalText("link", command.link, limits.ref) ??
        (command.evidence === undefined ? undefined : evidence(command.evidence))
      );
    case "ForceWorkPackage":
      return (
        key("workPackageId", command.workPackageId) ??
        text("reason", command.reason, limits.reason) ??
        (command.leaseMs === undefined ? undefined : lease(command.leaseMs))
      );
    case "MarkSubtask":
      return key("workPackageId", command.workPackageId) ?? key("subtaskId", command.subtaskId);
    case "AddNote":
      return key("workPackageId", command.workPackageId) ?? text("text", command.text, limits.note);
    case "RecordEvidence":
      return (
        key("workPackageId", command.workPackageId) ??
        (command.evidence.length === 0 ? problem("evidence", "is empty") : evidence(command.evidence))
      );
    case "SubmitReview":
      return (
        key("workPackageId", command.workPackageId) ??
        (command.verdict === "approved" || command.verdict === "changes_requested"
          ? undefined
          : problem("verdict", "is neither approved nor changes_requested")) ??
        optionalText("notes", command.notes, limits.note)
      );
    case "IssueReviewPrompt":
      return (
        key("workPackageId", command.workPackageId) ??
        key("promptId", command.promptId) ??
        digest("sha256", command.sha256) ??
        place("repository", command.repository) ??
        place("worktree", command.worktree) ??
        (command.branch === null ? undefined : text("branch", command.branch, limits.branch)) ??
        commit("base", command.base) ??
        commit("head", command.head)
      );
    case "OverrideVerdict":
      return (
        key("workPackageId", command.workPackageId) ??
        text("reason", command.reason, limits.reason) ??
        (command.rejection.source === "artifact"
          ? (text("rejection.file", command.rejection.file, limits.ref) ??
            digest("rejection.sha256", command.rejection.sha256))
          : undefined) ??
        (command.observed === undefined ? undefined : reviewFile(command.observed))
      );
    case "ShipMission":
      return (
        text("targetBranch", command.targetBranch, limits.branch) ??
        commit("commit", command.commit) ??
        (command.upstream === null
          ? undefined
          : (text("upstream.ref", command.upstream.ref, limits.ref) ??
            commit("upstream.commit", command.upstream.commit))) ??
        ((command.observed?.length ?? 0) > limits.reviewFiles
          ? problem("observed", `holds more than ${limits.reviewFiles}`)
          : first(
              command.observed ?? [],
              (one) => key("observed.workPackageId", one.workPackageId) ?? reviewFile(one),
            ))
      );
    case "BeginImport":
      return (
        text("slug", command.slug, 200) ??
        text("title", command.title, limits.title) ??
        metAt(command.dependencyMetAt)
      );
    case "ContinueImport":
      return command.history.length === 0 ? problem("history", "is empty") : first(command.history, imported);
    case "Undo":
      return text("reason", command.reason, limits.reason);
    case "ArchiveMission":
      return (
        text("file", command.file, limits.ref) ??
        digest("sha256", command.sha256) ??
        digest("head", command.head)
      );
    case "CompleteImport":
    case "RestoreMission":
      return undefined;
  }
};

const problem = (field: string, what: string): InputProblem => ({ field, problem: what });

const text = (field: string, value: unknown, max: number): InputProblem | undefined => {
  if (typeof value !== "string" || value.trim() === "") return problem(field, "is blank");
  return value.length > max ? problem(field, `is longer than ${max} characters`) : undefined;
};

const optionalText = (field: string, value: unknown, max: number): InputProblem | undefined =>
  value === undefined ? undefined : text(field, value, max);

const key = (field: string, value: unknown): InputProblem | undefined =>
  typeof value === "string" && keyPattern.test(value) && !isDangerousKey(value)
    ? undefined
    : problem(field, "may hold letters, digits and inner . _ -, at most 64");

const lease = (value: unknown): InputProblem | undefined =>
  Number.isInteger(value) && (value as number) >= limits.minLeaseMs && (value as number) <= limits.maxLeaseMs
    ? undefined
    : problem(
        "leaseMs",
        `is not between ${limits.minLeaseMs} and ${limits.maxLeaseMs} (${limits.minLeaseMs / 1_000} s and ${limits.maxLeaseMs / 86_400_000} days)`,
      );

const digest = (field: string, value: unknown): InputProblem | undefined =>
  typeof value === "string" && /^[0-9a-f]{64}$/.test(value) ? undefined : problem(field, "is no SHA-256");

/** As git prints it whole, with SHA-1 or SHA-256. */
const commit = (field: string, value: unknown): InputProblem | undefined =>
  typeof value === "string" && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(value)
    ? undefined
    : problem(field, "is no commit id");

const placeId = (field: string, value: unknown): InputProblem | undefined =>
  typeof value === "string" && /^[0-9a-f]{32}$/.test(value) ? undefined : problem(field, "names no place");

const place = (field: string, { id, name }: PlaceName): InputProblem | undefined =>
  placeId(`${field}.id`, id) ?? text(`${field}.name`, name, limits.title);

const workplace = ({
  host,
  program,
  repository,
  worktree,
  branch,
  head,
}: Workplace): InputProblem | undefined =>
  placeId("workplace.host", host) ??
  (program === undefined || (Number.isInteger(program.pid) && program.pid > 0)
    ? undefined
    : problem("workplace.program.pid", "is no process")) ??
  (program === undefined ? undefined : text("workplace.program.started", program.started, limits.title)) ??
  (repository === undefined ? undefined : place("workplace.repository", repository)) ??
  (worktree === undefined ? undefined : place("workplace.worktree", worktree)) ??
  (branch === null ? undefined : optionalText("workplace.branch", branch, limits.branch)) ??
  (head === undefined ? undefined : commit("workplace.head", head));

const reviewFile = ({ file, sha256, cycle, word }: ReviewArtifact): InputProblem | undefined =>
  text("observed.file", file, limits.ref) ??
  digest("observed.sha256", sha256) ??
  (cycle === null || (Number.isSafeInteger(cycle) && cycle >= 0)
    ? undefined
    : problem("observed.cycle", "is no number of a cycle")) ??
  optionalText("observed.word", word, limits.title);

const metAt = (value: unknown): InputProblem | undefined =>
  value === "approved" || value === "done"
    ? undefined
    : problem("dependencyMetAt", "is neither approved nor done");

const isTimestamp = (value: unknown): boolean =>
  typeof value === "string" && !Number.isNaN(Date.parse(value));

const first = <Item>(
  items: readonly Item[],
  check: (item: Item) => InputProblem | undefined,
): InputProblem | undefined => {
  for (const item of items) {
    const found = check(item);
    if (found !== undefined) return found;
  }
  return undefined;
};

const list = <Item>(
  field: string,
  items: readonly Item[],
  check: (item: Item) => InputProblem | undefined,
): InputProblem | undefined => {
  if (!Array.isArray(items)) return problem(field, "is not a list");
  return items.length > limits.items
    ? problem(field, `holds more than ${limits.items}`)
    : first(items, check);
};

const evidence = (items: readonly Evidence[]): InputProblem | undefined =>
  list("evidence", items, ({ kind, ref }) => {
    if (!evidenceKinds.includes(kind))
      return problem("evidence", `of kind ${JSON.stringify(kind)} is unknown: ${evidenceKinds.join(", ")}`);
    if (kind === "commit" && !/^[0-9a-f]{7,64}$/.test(ref))
      return problem("evidence", "of kind commit is no commit id");
    return text("evidence", ref, limits.ref);
  });

const plan = ({
  title,
  dependsOn,
  owns,
  subtasks,
  executionLane,
}: Partial<PlannedWorkPackage>): InputProblem | undefined =>
  optionalText("title", title, limits.title) ??
  (dependsOn === undefined ? undefined : list("dependsOn", dependsOn, (id) => key("dependsOn", id))) ??
  (owns === undefined ? undefined : list("owns", owns, (glob) => text("owns", glob, limits.glob))) ??
  (subtasks === undefined ? undefined : subtaskList(subtasks)) ??
  (executionLane === undefined || executionLane === null ? undefined : key("executionLane", executionLane));

const subtaskList = (subtasks: readonly Subtask[]): InputProblem | undefined =>
  list(
    "subtasks",
    subtasks,
    ({ id, title }) => key("subtasks", id) ?? text("subtasks", title, limits.title),
  ) ??
  (new Set(subtasks.map(({ id }) => id)).size === subtasks.length
    ? undefined
    : problem("subtasks", "names an id twice"));

const planned = (workPackage: PlannedWorkPackage): InputProblem | undefined => {
  const found =
    key("workPackageId", workPackage.workPackageId) ??
    text("title", workPackage.title, limits.title) ??
    plan(workPackage);
  return found === undefined ? undefined : { ...found, workPackageId: String(workPackage.workPackageId) };
};

const imported = (event: {
  readonly type: string;
  readonly workPackageId?: string;
}): InputProblem | undefined =>
  event.workPackageId === undefined ? undefined : key("workPackageId", event.workPackageId);
