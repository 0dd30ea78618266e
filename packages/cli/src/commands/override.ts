/** Override: somebody answers, with a reason, for a package that is approved or done although its newest review rejects it. */
import { aboutWorkPackage } from "../command/about-work-package.ts";
import { formatRef, openMission, openWorkPackage, resolveRef } from "../command/refs.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { writeFlags } from "../command/write.ts";
import { overrideRequest } from "../signoff/override-request.ts";
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
    const { artifacts, reason, of } = input;
    const files = artifacts === undefined ? undefined : await reviewFilesNow(mission, artifacts, context.cwd);
    for (const warning of files?.warnings ?? []) context.warn(warning);
    const { contradiction, request } = overrideRequest({
      mission,
      workPackageId: ref.workPackageId,
      reason,
      of,
      files,
      artifacts,
      say: (name, rest) => context.say(name, rest),
    });
    const { kind, rejection } = contradiction;
    return aboutWorkPackage({
      context,
      input: { ...input, ref: formatRef(ref) },
      signal,
      request: () => request,
      said: ({ ref: name }) =>
        `overridden: ${name}, ${rejection.source === "artifact" ? rejection.file : `review ${rejection.cycle}`}`,
      data: () => ({ rejection, kind }),
    });
  },
});
