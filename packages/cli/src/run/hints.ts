/** The next step after a refusal, as words that can be typed here. Core says what is wrong; this says what to run. */
import path from "node:path";
import { isLane, missionCategory, slugOfStream } from "@mission-ledger/core/mission";
import { decodeStreamName } from "@mission-ledger/store-file";
import { allowedFrom } from "../command/allowed-lanes.ts";
import { damageStep } from "../command/damage-step.ts";
import type { Names } from "../command/names.ts";
import type { CommandContext, CommandSpec } from "../command/spec.ts";
import type { Problem } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { undoHint } from "./undo-hint.ts";

export interface HintContext {
  readonly names: Names;
  readonly spec: CommandSpec;
  readonly now: number;
  /** What keeps the ledger. @defaultValue "file" */
  readonly keptBy?: CommandContext["keptBy"];
}

/** The best next step that is known: one for what is typed here, else that of whoever refused, with the mission filled in. */
export const hintFor = (problem: Problem, context: HintContext): string | null =>
  hintOf(problem, context) ?? (problem.hint === null ? null : filledIn(problem.hint, problem, context));

/** Libraries know streams and files, not how a command is typed here nor which mission is meant. */
const filledIn = (general: string, { details }: Problem, { names }: HintContext): string => {
  const hint = general.replace("`mled doctor`", () => `\`${names.say("doctor")}\``);
  const stream = streamIn(details);
  if (!stream?.startsWith(`${missionCategory}-`)) return hint;
  const slug = shellQuote(slugOfStream(stream));
  return hint.replace(
    /mled (repair|reconcile|unlock) <mission>((?: --[a-z]+)*)/g,
    (_, name: string, flags: string) => names.say(name, `${slug}${flags}`),
  );
};

/** A fault about a lock names the file alone. */
const streamIn = ({ stream, path: file }: Readonly<Record<string, unknown>>): string | undefined => {
  if (typeof stream === "string") return stream;
  return typeof file === "string" ? decodeStreamName(path.basename(file).split(".")[0] ?? "") : undefined;
};

const streamIsMission = (
  details: Readonly<Record<string, unknown>>,
): details is Readonly<Record<string, unknown>> & { readonly stream: string } =>
  typeof details.stream === "string" && details.stream.startsWith(`${missionCategory}-`);

/** `undefined` where the hint that came with the problem is the best there is. */
const hintOf = (
  { code, details, outcome, hint }: Problem,
  { names, spec, now, keptBy = "file" }: HintContext,
): string | undefined => {
  const { mission, workPackageId, from, guard, lane, _tag } = details as Readonly<
    Record<string, string | undefined>
  >;
  const ref =
    typeof mission === "string" && typeof workPackageId === "string"
      ? shellQuote(`${mission}/${workPackageId}`)
      : undefined;
  switch (code) {
    case "CLAIM_HELD":
      if (ref === undefined) return undefined;
      return Date.parse(String(details.expiresAt)) <= now
        ? `its lease is over: ${names.say("wp.recover", `${ref} --reason "…"`)}`
        : `next: ${names.say("ready")}      later: ${names.say("wp.recover", `${ref} --reason "…"`)}`;
    case "CANNOT_UNDO":
      return undoHint(details, ref ?? mission, names);
    case "CLAIM_LOST":
      if (_tag === "StaleFence")
        return (
          ref &&
          (details.holder === null
            ? `stop this work, or claim it anew: ${names.say("wp.claim", ref)}`
            : `stop this work      look: ${names.say("wp.show", ref)}`)
        );
      return ref && `claim it: ${names.say("wp.claim", ref)}      look: ${names.say("wp.show", ref)}`;
    case "TRANSITION_REJECTED":
      if (_tag === "WrongCommand")
        return (
          ref &&
          (details.use === "claim"
            ? wayOfClaim(details.to, ref, names)
            : `next: ${names.say("review.submit", `${ref} --verdict approved`)}`)
        );
      if (typeof from === "string" && isLane(from)) return `allowed: ${allowedFrom(from)}`;
      if (_tag === "NotClaimable" && typeof lane === "string" && isLane(lane) && ref)
        return `it is ${lane}; allowed: ${allowedFrom(lane)}`;
      return _tag === "NotInReview" && ref ? `next: ${names.say("review.start", ref)}` : undefined;
    case "GUARD_FAILED":
      if (_tag === "NothingToOverride" && mission)
        return `see what rejects it: ${names.say("mission.review", shellQuote(mission))}`;
      return ref && typeof guard === "string" ? guardHint(guard, ref, names, spec) : undefined;
    case "REVIEW_CONTRADICTED":
      return mission && `see what rejects it: ${names.say("mission.review", shellQuote(mission))}`;
    case "SELF_REVIEW":
      return ref && `let somebody else review: ${names.say("review.start", `${ref} --as <another>`)}`;
    case "FORK_DETECTED":
    case "LOG_CONFLICTED":
    case "LOG_CORRUPT": {
      // What the store of a server or a database says about it is more than where to look.
      if (keptBy !== "file" && hint !== null) return undefined;
      // After a write that may have happened, the one way to find out comes first.
      if (outcome === "unknown" || !streamIsMission(details)) return undefined;
      // Who decides between two sides already is told what hinders just that.
      if (details.winner !== undefined || details.forks !== undefined) return undefined;
      const at = { keptBy, say: names.say, remembersIn: () => undefined };
      return damageStep(at, { code, mission: slugOfStream(details.stream) }).hint;
    }
    case "IMPORT_INCOMPLETE":
      return `next: ${names.say("import.spec-kitty", "<the same folder>")}`;
    case "MISSION_ARCHIVED":
      // Who wanted a second file of the copy is told where the first one is.
      return mission && details.path === undefined
        ? `go on with it: ${names.say("restore", shellQuote(mission))}`
        : undefined;
    case "NOT_FOUND":
      return notFoundHint(details, hint, names);
    default:
      return undefined;
  }
};

/** Where the right name stands, unless whoever did not find it knows one that is near. */
const notFoundHint = (
  { _tag, mission, missions, workPackageId }: Readonly<Record<string, unknown>>,
  hint: string | null,
  names: Names,
): string | undefined => {
  const named = typeof mission === "string" ? shellQuote(mission) : "";
  if (_tag === "EventNotFound" && named !== "") return `look: ${names.say("log", named)}`;
  if (_tag === "MissionNotFound") return `look: ${names.say("mission.list")}`;
  if (_tag === "WorkPackageNotFound" && named !== "") return `look: ${names.say("wp.list", named)}`;
  if (_tag !== undefined || hint !== null) return undefined;
  if (Array.isArray(missions)) return `make one: ${names.say("mission.create", '<slug> "<title>"')}`;
  if (typeof workPackageId === "string") return `look: ${names.say("wp.list", named)}`;
  return named === "" ? undefined : `look: ${names.say("mission.list")}`;
};

const wayOfClaim = (to: unknown, ref: string, names: Names): string =>
  `next: ${names.say(to === "in_review" ? "review.start" : "wp.claim", ref)}`;

const guardHint = (guard: string, ref: string, names: Names, { name }: CommandSpec): string | undefined => {
  switch (guard) {
    case "reason":
      return `give a reason: --reason "…"`;
    case "link":
      return `say what made it necessary: --link <url>`;
    case "evidence_recorded":
      return name === "wp.move" ? "show the work: --evidence commit=<id>" : undefined;
    case "subtasks_done":
      return `mark them: ${names.say("wp.subtask", `${ref} <id>`)}`;
    case "dependencies_met":
      return `what is ready: ${names.say("ready", "--why")}`;
    case "holder":
      return `claim it: ${names.say("wp.claim", ref)}`;
    default:
      return undefined;
  }
};
