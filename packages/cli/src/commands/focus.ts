/** Focus: a branch from the upstream with exactly what a mission owns; said first, made with --apply. */
import { logWarnings } from "../command/log-warnings.ts";
import { openMission } from "../command/refs.ts";
import type { CommandResult } from "../command/result.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { type FocusReport, focusMission } from "../focus/focus.ts";
import { conflictWords, focusData, focusLines } from "../focus/words.ts";
import { counted } from "../output/counted.ts";
import { exitCodeOf } from "../output/exit-codes.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { branchNamed } from "./mission-settings.ts";

export const focus: CommandSpec = command({
  name: "focus",
  summary: "Make a branch from the upstream with exactly what a mission owns",
  description:
    "Says what would be taken, from which commits, and what is left out; --apply makes the branch. Work tree, index and other branches are not touched. The same input gives the same commits.",
  arguments: { mission: { kind: "text", required: true, description: "which mission" } },
  flags: {
    apply: { kind: "boolean", description: "make the branch" },
    target: {
      kind: "text",
      description: "another branch than the mission's own target, this once",
      placeholder: "branch",
    },
    from: {
      kind: "text",
      description: "where the work is: a branch, tag or commit; the local target otherwise",
      placeholder: "commit",
    },
    branch: {
      kind: "text",
      description: "name of the new branch; focus/<mission>-to-<target> otherwise",
      placeholder: "branch",
    },
    packages: {
      kind: "text",
      choices: ["closed", "all"],
      default: "closed",
      description:
        "whose files are taken: of packages that are approved or done, or of all but canceled ones",
    },
  },
  examples: ["focus passkeys", "focus passkeys --apply", "focus passkeys --from lane-a --branch pr/passkeys"],
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const mission = await openMission(ledger, input.mission, signal);
    const report = await focusMission({
      place: { cwd: context.cwd, env: context.env, ...(signal === undefined ? {} : { signal }) },
      mission,
      target: input.target === undefined ? undefined : branchNamed(input.target, "--target"),
      from: input.from,
      branch: input.branch === undefined ? undefined : branchNamed(input.branch, "--branch"),
      counted: input.packages,
      apply: input.apply,
      now: context.clock.now(),
      say: (name, rest) => context.say(name, rest),
    });
    return {
      data: focusData(report),
      warnings: await logWarnings(context, [mission.slug]),
      ...refusedFor(report, context),
      human: (surface) => focusLines(report, surface),
    };
  },
});

/** Why no branch was or would be made; nothing where one was or would be. */
const refusedFor = (
  report: FocusReport,
  { say }: Pick<CommandContext, "say">,
): Pick<CommandResult, "exit" | "error"> => {
  const { plan, outcome, branch, upstream, place } = report;
  const { mission, owned, conflicts, base, source } = plan;
  const slug = shellQuote(mission);
  const details = { mission, workPackageId: null, branch, base, source };
  const refused = (
    code: string,
    message: string,
    { hint, ...more }: { readonly hint: string; readonly invariant: string } & Record<string, unknown>,
  ): Pick<CommandResult, "exit" | "error"> => ({
    exit: exitCodeOf(code),
    error: { code, message: `${mission}: ${message}`, hint, details: { ...details, ...more } },
  });
  switch (outcome) {
    case "planned":
    case "created":
    case "there":
      return {};
    case "conflict": {
      const [first] = conflicts;
      return refused(
        "FOCUS_CONFLICT",
        `${counted(conflicts.length, "conflict")}; ${first === undefined ? "" : conflictWords(first, upstream)}`,
        {
          hint: `Merge ${upstream} into where the work is, have it reviewed again, and focus from there: ${say("focus", `${slug} --from <branch>`)}`,
          invariant: "an owned path was changed here or on the upstream, not on both",
          conflicts,
        },
      );
    }
    case "nothing":
      return refused(
        "FOCUS_EMPTY",
        `nothing that it owns was changed between ${upstream} and ${report.from}`,
        {
          hint:
            owned.workPackages.length === 0
              ? `No package is approved or done; for the work of all of them: ${say("focus", `${slug} --packages all`)}`
              : `If the work is elsewhere: ${say("focus", `${slug} --from <branch>`)}`,
          invariant: "a focused branch holds at least one owned change",
          packages: owned.workPackages,
          owns: owned.globs,
        },
      );
    case "taken":
      return refused("FOCUS_TAKEN", takenWords(report), {
        hint: `Name another: ${say("focus", `${slug} --branch <name> --apply`)}`,
        invariant: "a branch that is there is never moved",
        stands: place,
      });
  }
};

const takenWords = ({ place, branch, built }: FocusReport): string => {
  switch (place._tag) {
    case "Unborn":
      return `HEAD of ${place.worktree} is on ${branch}, which has no commit yet`;
    case "Symbolic":
      return `${branch} stands for ${place.to}, which is not there`;
    case "Free":
    case "Taken":
      return `${branch} is there and holds something else than ${built?.head.slice(0, 12)}`;
  }
};
