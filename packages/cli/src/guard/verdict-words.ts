/** A verdict of the guard in words: one code and one next step each, so that no kind can be taken for another. */
import type {
  ActivePackage,
  InactivePackage,
  OwnershipVerdict,
  OwnershipViolation,
} from "@mission-ledger/core/mission";
import type { Names } from "../command/names.ts";
import { sayCommand } from "../command/say-command.ts";
import { counted } from "../output/counted.ts";
import { shellQuote } from "../output/shell-quote.ts";
import type { GuardAnswer } from "./guard.ts";

/** What stands under `verdict` for programs. */
export const verdictNames: Readonly<Record<OwnershipVerdict["_tag"], string>> = {
  Ok: "ok",
  Violated: "ownership_violated",
  Invalid: "ownership_invalid",
  ContextMissing: "context_missing",
  ContextStale: "context_stale",
  ContextAmbiguous: "context_ambiguous",
};

export interface VerdictWords {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** Known for all but a missing and an ambiguous context. */
  readonly mission: string | null;
  readonly workPackageId: string | null;
}

/** `undefined` for leave to go on. */
export const verdictWords = (context: Names, answer: GuardAnswer): VerdictWords | undefined => {
  const { verdict } = answer;
  switch (verdict._tag) {
    case "Ok":
      return undefined;
    case "Violated": {
      const { violations, active } = verdict;
      const [first, ...others] = violations as readonly [OwnershipViolation, ...OwnershipViolation[]];
      return {
        ...about(active),
        code: "OWNERSHIP_VIOLATED",
        message: `${refOf(active)} does not own ${first.path}${others.length === 0 ? "" : ` and ${counted(others.length, "path")} more`}`,
        hint: violationHint(context, answer, active, violations),
      };
    }
    case "Invalid": {
      const said = verdict.problems.map(({ glob, problem }) =>
        glob === null ? problem : `${JSON.stringify(glob)} ${problem}`,
      );
      return {
        ...about(verdict.active),
        code: "OWNERSHIP_INVALID",
        message: `what ${refOf(verdict.active)} owns cannot be checked: ${said.join("; ")}`,
        hint: `Name its files: ${reviseStep(context, verdict.active, verdict.problems)}`,
      };
    }
    case "ContextMissing": {
      const [first] = verdict.inactive;
      return {
        ...(verdict.inactive.length === 1 && first !== undefined ? aboutInactive(first) : aboutNothing),
        code: "CONTEXT_MISSING",
        message: `nobody works on a package ${whereOf(answer)}${saidOf(verdict.inactive)}`,
        hint:
          stepsOf(context, verdict.inactive) ??
          `Claim the package whose work this is, in this worktree: ${context.say("ready")}`,
      };
    }
    case "ContextStale": {
      const [active] = verdict.active;
      const [first] = verdict.inactive;
      const instead = verdict.active.map(refOf).join(", ");
      return {
        ...(first === undefined ? aboutNothing : aboutInactive(first)),
        code: "CONTEXT_STALE",
        message: `${first === undefined ? "what was named is not worked on" : inactiveWords(answer, first)}${instead === "" ? "" : `; here ${instead} is worked on`}${saidOf(verdict.inactive.slice(1))}`,
        hint:
          active === undefined
            ? (stepsOf(context, verdict.inactive) ?? placeHint(context, answer, first))
            : `Ask about the package that is worked on: ${context.say("guard", `--package ${shellQuote(refOf(active))}`)}`,
      };
    }
    case "ContextAmbiguous": {
      const [first] = verdict.active as readonly [ActivePackage, ...ActivePackage[]];
      return {
        ...aboutNothing,
        mission: verdict.active.every(({ mission }) => mission.slug === first.mission.slug)
          ? first.mission.slug
          : null,
        code: "CONTEXT_AMBIGUOUS",
        message: `${counted(verdict.active.length, "package")} are worked on ${whereOf(answer)}: ${verdict.active.map(refOf).join(", ")}`,
        hint: `Say which one it is for: ${context.say("guard", `--package ${shellQuote(refOf(first))}`)}`,
      };
    }
  }
};

export const refOf = ({ mission, workPackage }: Pick<ActivePackage, "mission" | "workPackage">): string =>
  `${mission.slug}/${workPackage.id}`;

const about = ({ mission, workPackage }: ActivePackage) => ({
  mission: mission.slug,
  workPackageId: workPackage.id,
});
const aboutInactive = ({ mission, workPackageId }: InactivePackage) => ({ mission, workPackageId });
const aboutNothing = { mission: null, workPackageId: null } as const;

const whereOf = ({ worktree }: GuardAnswer): string => (worktree === null ? "here" : `in ${worktree}`);

/** Whether bytes of a path are no UTF-8, so that nobody can type it. */
export const isBroken = (path: string): boolean => /\p{Cs}/u.test(path);

/** Most packages that are told about beside the first. */
const mostTold = 3;

const saidOf = (inactive: readonly InactivePackage[]): string => {
  if (inactive.length === 0) return "";
  const told = inactive.slice(0, mostTold).map((one) => `${one.mission}/${one.workPackageId} is ${one.lane}`);
  const more = inactive.length - told.length;
  return `; ${told.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
};

const inactiveWords = ({ worktree, branch }: GuardAnswer, one: InactivePackage): string => {
  const ref = `${one.mission}/${one.workPackageId}`;
  const on = (name: string | null): string => (name === null ? "a detached head" : name);
  switch (one.reason) {
    case "lease_over":
      return `the lease of ${one.holder} on ${ref} ended ${one.expiresAt}`;
    case "branch_differs":
      return `${ref} is worked on at ${on(one.branch)}, and here ${on(branch)} is checked out`;
    case "elsewhere":
      return `${ref} is worked on in another worktree, ${one.worktree}${worktree === null ? "" : `, not in ${worktree}`}`;
    case "no_place":
    case "other_is_active":
      return `the claim on ${ref} does not say where it is worked on`;
    case "unheld":
      return `${ref} is ${one.lane}, and nobody holds it`;
    case "in_review":
    case "finished":
    case "blocked":
      return `${ref} is ${one.lane}`;
  }
};

/** The commands in their order, of the first package that has any. */
const stepsOf = (context: Names, inactive: readonly InactivePackage[]): string | undefined => {
  const one = inactive.find(({ next }) => next.length > 0);
  if (one === undefined) return undefined;
  const { mission, workPackageId } = one;
  const said = one.next.map((words) => sayCommand(context, { mission, workPackageId, command: words }));
  return `next: ${said.join("      then: ")}`;
};

const placeHint = (context: Names, { branch }: GuardAnswer, one: InactivePackage | undefined): string => {
  if (one === undefined) return `look: ${context.say("ready")}`;
  const ref = shellQuote(`${one.mission}/${one.workPackageId}`);
  switch (one.reason) {
    case "branch_differs": {
      const back = one.branch === null ? "git checkout --detach" : `git switch ${shellQuote(one.branch)}`;
      return `next: ${back}      if the work goes on at ${branch ?? "this commit"}: ${context.say("wp.release", `${ref} --reason "…"`)}, then ${context.say("wp.claim", ref)}`;
    }
    case "elsewhere":
      return `Go to the worktree ${one.worktree}, or ask for its packages there; git worktree list shows where it is.`;
    case "no_place":
    case "other_is_active":
    case "lease_over":
    case "unheld":
    case "in_review":
    case "finished":
    case "blocked":
      return `look: ${context.say("wp.show", ref)}`;
  }
};

/** From the top, wherever it is typed. Source: gitglossary(7), pathspec. */
const pathspecOf = (path: string): string =>
  /^[\w.][^*?[\\]*$/.test(path) ? `:/${path}` : `:(top,literal)${path}`;

/** Gives a package what it is to own, and takes away what no path can match. */
const reviseStep = (
  context: Names,
  active: ActivePackage,
  problems: readonly { readonly glob: string | null }[] = [],
): string =>
  context.say(
    "wp.revise",
    [
      shellQuote(refOf(active)),
      ...problems.flatMap(({ glob }) => (glob === null ? [] : [`--not-owns ${shellQuote(glob)}`])),
      "--owns <glob>",
    ].join(" "),
  );

const violationHint = (
  context: Names,
  { scope }: GuardAnswer,
  active: ActivePackage,
  violations: readonly OwnershipViolation[],
): string => {
  const [first] = violations as readonly [OwnershipViolation, ...OwnershipViolation[]];
  const owner = violations.flatMap(({ ownedBy }) => ownedBy)[0];
  const out =
    scope.kind === "staged" && !isBroken(first.path)
      ? `Leave it out: git restore --staged -- ${shellQuote(pathspecOf(first.path))}`
      : "Take those changes out";
  return owner === undefined
    ? `${out}, or have the plan of ${refOf(active)} revised: ${reviseStep(context, active)}`
    : `${out}, or change it under a claim on ${active.mission.slug}/${owner}: ${context.say("wp.show", shellQuote(`${active.mission.slug}/${owner}`))}`;
};
