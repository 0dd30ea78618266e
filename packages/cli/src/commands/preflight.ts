/** Preflight: whether a mission may be merged and shipped from here, and what to do if not. */
import { contradictionWords } from "@mission-ledger/core/mission";
import { logWarnings } from "../command/log-warnings.ts";
import { openMission } from "../command/refs.ts";
import type { CommandResult } from "../command/result.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { columns, type Line, type Surface, toned } from "../output/lines.ts";
import { checked, note } from "../output/marks.ts";
import { objections } from "../output/objections.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { type PreflightReport, preflight as preflightOf, targetInvariant } from "../preflight/preflight.ts";
import { ageWords, standingWords } from "../preflight/words.ts";
import { branchNamed } from "./mission-settings.ts";

/** Of every command that first looks at where the mission's target branch is. */
export const onTargetFlags = {
  target: {
    kind: "text",
    description: "another branch than the mission's own target, this once",
    placeholder: "branch",
  },
  fetch: { kind: "boolean", description: "ask the remote first" },
} as const;

export const preflight: CommandSpec = command({
  name: "preflight",
  summary: "Check whether a mission may be merged and shipped from here",
  description:
    "First whether the local target branch is where its upstream is, before a merge as before a push; then whether reviews agree with the lanes. Exit 25 for the one, 26 for the other. Asks nobody on the network unless --fetch is given.",
  arguments: { mission: { kind: "text", required: true, description: "which mission" } },
  flags: onTargetFlags,
  examples: [
    "preflight passkeys",
    "preflight passkeys --fetch --json",
    "preflight passkeys --target release/3",
  ],
  common: true,
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const mission = await openMission(ledger, input.mission, signal);
    const report = await preflightOf({
      place: { cwd: context.cwd, env: context.env, ...(signal === undefined ? {} : { signal }) },
      mission,
      target: input.target === undefined ? undefined : branchNamed(input.target, "--target"),
      fetch: input.fetch,
      now: context.clock.now(),
      say: (name, rest) => context.say(name, rest),
    });
    return {
      data: report,
      warnings: await logWarnings(context, [mission.slug]),
      ...blockedBy(report, context),
      human: (surface) => linesOf(report, surface),
    };
  },
});

/** What blocks, the target first; nothing where nothing does. */
const blockedBy = (
  report: PreflightReport,
  context: Pick<CommandContext, "say">,
): Pick<CommandResult, "exit" | "error"> => {
  const { mission, target, upstream, state, ahead, behind, remediation, reviews } = report;
  if (!report.inSync)
    return {
      exit: exitCodes.notInSync,
      error: {
        code: "TARGET_NOT_IN_SYNC",
        message: `${mission}: ${standingWords(report)}`,
        ...(remediation[0] === undefined ? {} : { hint: `next: ${remediation[0].command}` }),
        details: {
          mission,
          workPackageId: null,
          invariant: targetInvariant,
          target,
          upstream,
          state,
          ahead,
          behind,
          remediation,
        },
      },
    };
  const [open] = reviews.contradictions.filter(({ override }) => override === null);
  if (open === undefined) return {};
  const { workPackageId, kind, lane, invariant } = open;
  const ref = `${mission}/${workPackageId}`;
  return {
    exit: exitCodes.reviewContradicted,
    error: {
      code: "REVIEW_CONTRADICTED",
      message: `${ref} is ${lane}, and ${contradictionWords[kind]}`,
      hint: `see what rejects it: ${context.say("mission.review", shellQuote(mission))}`,
      details: { mission, workPackageId, invariant, kind, lane },
    },
  };
};

const linesOf = (report: PreflightReport, surface: Surface): readonly Line[] => {
  const { inSync, reviews, circumstances, remediation, localChanges } = report;
  const age = ageWords(report);
  const local =
    inSync || localChanges === null
      ? ""
      : `; paths changed here: ${localChanges.owned} owned by the mission, ${localChanges.unrelated} not`;
  const open = reviews.contradictions.filter(({ override }) => override === null);
  return [
    checked(inSync, `${standingWords(report)}${age === "" ? "" : `, ${age}`}${local}`),
    ...open.map(({ workPackageId, lane, kind }) =>
      checked(false, `${report.mission}/${workPackageId} is ${lane}, and ${contradictionWords[kind]}`),
    ),
    ...(open.length === 0
      ? [checked(true, objections(reviews.contradictions.length, { what: "what is approved or done" }))]
      : []),
    ...circumstances.map(({ message }) => note(message)),
    ...(remediation.length === 0 ? [] : ["next, in this order:"]),
    ...columns(
      remediation.map(({ command, why }) => [`  ${command}`, toned("dim", why)]),
      surface,
    ),
  ];
};
