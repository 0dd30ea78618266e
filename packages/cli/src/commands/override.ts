/** Override: somebody answers, with a reason, for a package that is approved or done although its newest review rejects it. */
import { contradictionsOf, Refused, withObserved } from "@mission-ledger/core/mission";
import { aboutWorkPackage } from "../command/about-work-package.ts";
import { openMission, openWorkPackage, resolveRef } from "../command/refs.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { writeFlags } from "../command/write.ts";
import { CliError } from "../output/problem.ts";
import { overrideCommand } from "../signoff/report.ts";
import { reviewFilesNow } from "../signoff/review-files.ts";
import { refArgument } from "./claims.ts";
import { artifactsFlag } from "./mission-review.ts";

export const override: CommandSpec = command({
  name: "override",
  summary: "Answer for a work package that its newest review rejects",
  description:
    "Names exactly the rejection that stands: the verdict of one cycle, or one review file with its content. It is refused when none does, and is over when the package is taken up or reviewed again.",
  arguments: refArgument,
  flags: {
    reason: { kind: "text", required: true, description: "why it may be released all the same" },
    of: {
      kind: "text",
      choices: ["verdict", "file"],
      description: "which rejection, where its verdict and its review file both reject it",
    },
    ...artifactsFlag,
    ...writeFlags,
  },
  examples: [
    'override passkeys/WP01 --reason "fixed in 9c1f2ab, reviewed by phone"',
    'override passkeys/WP02 --artifacts kitty-specs/passkeys --reason "the file is of an older cycle"',
  ],
  writes: true,
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const ref = await resolveRef(ledger, input.ref);
    const mission = await openMission(ledger, ref.slug, signal);
    openWorkPackage(mission, ref.workPackageId);
    const { artifacts } = input;
    const files = artifacts === undefined ? undefined : await reviewFilesNow(mission, artifacts, context.cwd);
    for (const warning of files?.warnings ?? []) context.warn(warning);
    const now = withObserved(mission, files?.observed ?? []);
    const workPackage = openWorkPackage(now, ref.workPackageId);
    const standing = contradictionsOf(now, workPackage).filter(
      ({ rejection }) =>
        input.of === undefined || (rejection.source === "artifact") === (input.of === "file"),
    );
    const open = standing.filter((one) => one.override === null);
    if (open.length > 1)
      throw new CliError("INPUT_REQUIRED", "two rejections stand; which one is overridden?", {
        hint: open
          .map((one) =>
            overrideCommand(one, {
              artifacts,
              isSeveral: true,
              say: (name, rest) => context.say(name, rest),
            }),
          )
          .join("\n      "),
        details: {
          mission: ref.slug,
          workPackageId: ref.workPackageId,
          rejections: open.map(({ kind, rejection }) => ({ kind, ...rejection })),
        },
      });
    const [chosen] = open.length > 0 ? open : standing;
    if (chosen === undefined)
      throw new Refused({
        _tag: "NothingToOverride",
        mission: ref.slug,
        workPackageId: ref.workPackageId,
        invariant: "an override is about a rejection that stands now",
        lane: workPackage.lane,
      });
    const { rejection, kind } = chosen;
    const seen = files?.observed.find(({ workPackageId }) => workPackageId === ref.workPackageId);
    const { workPackageId: _, ...observed } = seen ?? { workPackageId: "" };
    return aboutWorkPackage({
      context,
      input,
      signal,
      request: ({ workPackageId }) => ({
        type: "OverrideVerdict",
        workPackageId,
        rejection,
        reason: input.reason,
        ...("file" in observed ? { observed } : {}),
      }),
      said: ({ ref: name }) =>
        `overridden: ${name}, ${rejection.source === "artifact" ? rejection.file : `review ${rejection.cycle}`}`,
      data: () => ({ rejection, kind }),
    });
  },
});
