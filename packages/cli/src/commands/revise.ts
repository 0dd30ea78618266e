/** Change the plan of a work package: what it is called, what it waits for and which files it owns. */
import type { WorkPackage } from "@mission-ledger/core/mission";
import { aboutWorkPackage } from "../command/about-work-package.ts";
import { openMission, openWorkPackage, resolveRef } from "../command/refs.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { writeFlags } from "../command/write.ts";
import { usage } from "../output/problem.ts";
import { refArgument } from "./claims.ts";

export const wpRevise: CommandSpec = command({
  name: "wp.revise",
  summary: "Change what a work package is called, waits for or owns",
  arguments: refArgument,
  flags: {
    title: { kind: "text", description: "what is to be done" },
    after: {
      kind: "text",
      repeatable: true,
      description: "id of one more package that has to come first",
      placeholder: "WP01",
    },
    notAfter: {
      kind: "text",
      repeatable: true,
      description: "id of a package that it no longer waits for",
      placeholder: "WP01",
    },
    owns: {
      kind: "text",
      repeatable: true,
      description: "one more glob of files that belong to it",
      placeholder: "glob",
    },
    notOwns: {
      kind: "text",
      repeatable: true,
      description: "a glob that is taken away from it, as wp show prints it",
      placeholder: "glob",
    },
    ...writeFlags,
  },
  examples: [
    "wp revise passkeys/WP03 --not-after WP02",
    "wp revise passkeys/WP01 --owns 'src/login/**' --not-owns 'src/**'",
    'wp revise WP03 --title "Docs and examples" --after WP01',
  ],
  writes: true,
  run: async (context, input, signal) => {
    const { title, after, notAfter, owns, notOwns } = input;
    const ledger = await context.ledger();
    const found = await resolveRef(ledger, input.ref);
    // The lists are written as a whole: whoever changes it meanwhile must not be undone in silence.
    const { revision } = await ledger.store.head(ledger.mission(found.slug).stream);
    const mission = await openMission(ledger, found.slug, signal);
    const waits = after.length + notAfter.length > 0;
    const owning = owns.length + notOwns.length > 0;
    if (title === undefined && !waits && !owning)
      throw usage("nothing is to be changed", "Give --title, --after, --not-after, --owns or --not-owns.");
    const before = openWorkPackage(mission, found.workPackageId);
    const dependsOn = changed(before.dependsOn, after, notAfter);
    const globs = changed(before.owns, owns, notOwns);
    return aboutWorkPackage({
      context,
      input: {
        ...input,
        expectedRevision: input.expectedRevision ?? revision,
      },
      signal,
      request: ({ workPackageId }) => ({
        type: "ReviseWorkPackage",
        workPackageId,
        ...(title === undefined ? {} : { title }),
        ...(waits ? { dependsOn } : {}),
        ...(owning ? { owns: globs } : {}),
      }),
      said: ({ ref, workPackage }) =>
        `revised ${ref}   ${owning ? ownsText(workPackage) : waitsText(workPackage)}`,
      data: ({ workPackage }) => ({
        title: workPackage.title,
        dependsOn: workPackage.dependsOn,
        owns: workPackage.owns,
      }),
    });
  },
});

const changed = (
  before: readonly string[],
  more: readonly string[],
  less: readonly string[],
): readonly string[] => [...new Set([...before.filter((one) => !less.includes(one)), ...more])];

const waitsText = ({ dependsOn }: WorkPackage): string =>
  dependsOn.length === 0 ? "waits for nothing" : `after ${dependsOn.join(", ")}`;

const ownsText = ({ owns }: WorkPackage): string =>
  owns.length === 0 ? "owns nothing" : `owns ${owns.join(", ")}`;
