/** The guard on the command line: whether what changed belongs to the work package that is worked on here. */
import type { ActivePackage, InactivePackage, OwnershipViolation } from "@mission-ledger/core/mission";
import { pathBytes } from "@mission-ledger/git";
import type { CommandResult } from "../command/result.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import type { GuardScope } from "../guard/changes.ts";
import { type GuardAnswer, guardOwnership } from "../guard/guard.ts";
import { isBroken, refOf, verdictNames, verdictWords } from "../guard/verdict-words.ts";
import { counted } from "../output/counted.ts";
import { exitCodeOf } from "../output/exit-codes.ts";
import { type Line, toned } from "../output/lines.ts";
import { usage } from "../output/problem.ts";

export const guard: CommandSpec = command({
  name: "guard",
  summary: "Check that what changed belongs to the work package you hold",
  description:
    "Asks the log which package is worked on in this worktree, now, and compares the changed files with what it owns: both sides of a rename, deletions, modes, submodules. Exit 0: all of it is its own. 20: a file is not. 21, 22, 23: no package, one that is not current any more, or several; nothing is said about the files then. 24: the package's globs cannot be checked against. Without a flag, a git hook is asked about what is staged, everybody else about all that changed since the claim, untracked files too. Reads only.",
  flags: {
    staged: { kind: "boolean", description: "only what the next commit would change" },
    worktree: {
      kind: "boolean",
      description: "committed since the claim, and everything uncommitted, untracked files too",
    },
    base: {
      kind: "text",
      description: "only what was committed since HEAD parted from this branch or commit",
      placeholder: "commit",
    },
    mission: { kind: "text", description: "only packages of this mission", placeholder: "slug" },
    executionLane: {
      kind: "text",
      aliases: ["lane"],
      description: "the package that is worked on in this execution lane",
      placeholder: "lane-a",
    },
    package: { kind: "ref", description: "the package whose work it is", placeholder: "mission/WP01" },
  },
  examples: ["guard", "guard --staged", "guard --base main --package passkeys/WP01 --json"],
  run: async (context, input, signal) => {
    if (input.package !== undefined && input.executionLane !== undefined)
      throw usage("--package and --lane both say which package; give one");
    if (input.mission !== undefined && input.package?.includes("/"))
      throw usage("--mission and --package mission/WP01 both name a mission; give one");
    const ledger = await context.ledger();
    const answer = await guardOwnership({
      ledger,
      index: context.worktrees(),
      directory: (await context.place()).directory,
      cwd: context.cwd,
      env: context.env,
      clock: context.clock,
      scope: scopeOf(context, input),
      mission: input.mission,
      workPackage: input.package,
      executionLane: input.executionLane,
      machine: context.machine,
      signal,
    });
    return resultOf(context, answer);
  },
});

const scopeOf = (
  { env }: Pick<CommandContext, "env">,
  { staged, worktree, base }: { staged: boolean; worktree: boolean; base: string | undefined },
): GuardScope => {
  if ([staged, worktree, base !== undefined].filter(Boolean).length > 1)
    throw usage("--staged, --worktree and --base each say which changes; give one");
  if (base !== undefined) return { kind: "base", base };
  // Git tells a hook by this which index the commit is made of.
  const isInHook = (env.GIT_INDEX_FILE ?? "") !== "";
  return { kind: staged || (isInHook && !worktree) ? "staged" : "worktree" };
};

const resultOf = (context: CommandContext, answer: GuardAnswer): CommandResult => {
  const { verdict } = answer;
  const words = verdictWords(context, answer);
  const violations = verdict._tag === "Violated" ? verdict.violations : [];
  const only = verdict._tag === "Ok" ? verdict.active : null;
  const mission = words?.mission ?? only?.mission.slug ?? null;
  const workPackageId = words?.workPackageId ?? only?.workPackage.id ?? null;
  const invariant = "invariant" in verdict ? verdict.invariant : null;
  const data = {
    verdict: verdictNames[verdict._tag],
    mission,
    workPackageId,
    invariant,
    hint: words?.hint ?? null,
    scope: answer.scope.kind,
    base: answer.base,
    worktree: answer.worktree,
    branch: answer.branch,
    foundBy: answer.foundBy,
    checked: "checked" in verdict ? verdict.checked : null,
    ofLedger: "ofLedger" in verdict ? verdict.ofLedger : null,
    paths: violations.map(violationData),
    active: ("active" in verdict ? [verdict.active].flat() : []).flatMap((one) =>
      one === null ? [] : [activeData(one)],
    ),
    inactive: "inactive" in verdict ? verdict.inactive : [],
    problems: verdict._tag === "Invalid" ? verdict.problems : [],
  };
  if (words === undefined)
    return {
      data,
      human: [
        only === null
          ? [toned("good", "ok"), "  nothing but the ledger's own files changed"]
          : [
              toned("good", "ok"),
              `  ${counted(data.checked ?? 0, "changed path")} of ${refOf(only)}${data.ofLedger === 0 ? "" : `, ${data.ofLedger} of the ledger`}`,
            ],
      ],
    };
  const { code, message, hint } = words;
  return {
    data,
    human: [
      ...violations.slice(0, mostShown).map(violationLine),
      ...more(violations),
      ...others(data.inactive),
    ],
    exit: exitCodeOf(code),
    error: {
      code,
      message,
      hint,
      details: { mission, workPackageId, invariant, paths: violations.map(({ path }) => path) },
    },
  };
};

const activeData = ({ mission, workPackage, claim }: ActivePackage) => ({
  mission: mission.slug,
  workPackageId: workPackage.id,
  executionLane: workPackage.executionLane,
  owns: workPackage.owns,
  holder: claim.holder,
  fence: claim.fence,
  expiresAt: claim.expiresAt,
});

/** A path that is no UTF-8 comes with its bytes: its text stands for them, and nothing that reads text can give them back. */
const violationData = (violation: OwnershipViolation) => ({
  ...violation,
  ...(isBroken(violation.path) ? { bytes: pathBytes(violation.path).toString("hex") } : {}),
});

/** Most paths that are shown to people; `--json` has all of them. */
const mostShown = 20;

const violationLine = ({ path, change, side, otherSide, ownedBy }: OwnershipViolation): Line => [
  toned("bad", "not owned  "),
  path,
  toned(
    "dim",
    `   ${otherSide === null ? change.toLowerCase() : `${change.toLowerCase()} ${side === "old" ? "to" : "from"} ${otherSide}`}${ownedBy.length === 0 ? "" : `, owned by ${ownedBy.join(", ")}`}`,
  ),
];

const more = ({ length }: readonly OwnershipViolation[]): readonly Line[] =>
  length > mostShown ? [toned("dim", `${length - mostShown} more: --json`)] : [];

const others = (inactive: readonly InactivePackage[]): readonly Line[] =>
  inactive
    .slice(0, mostShown)
    .map(({ mission, workPackageId, lane, reason }) => [
      toned("warn", "not active  "),
      `${mission}/${workPackageId}`,
      toned("dim", `   ${lane}, ${reason.replaceAll("_", " ")}`),
    ]);
