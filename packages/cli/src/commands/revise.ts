/** Change the plan of a work package: what it is called and what it waits for. */
import { aboutWorkPackage } from "../command/about-work-package.ts";
import { openMission, openWorkPackage, resolveRef } from "../command/refs.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { writeFlags } from "../command/write.ts";
import { usage } from "../output/problem.ts";
import { refArgument } from "./claims.ts";

export const wpRevise: CommandSpec = command({
  name: "wp.revise",
  summary: "Change what a work package is called or waits for",
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
    ...writeFlags,
  },
  examples: [
    "wp revise passkeys/WP03 --not-after WP02",
    'wp revise WP03 --title "Docs and examples" --after WP01',
  ],
  writes: true,
  run: async (context, input, signal) => {
    const { title, after, notAfter } = input;
    const ledger = await context.ledger();
    const found = await resolveRef(ledger, input.ref);
    // The list is written as a whole: whoever changes it meanwhile must not be undone in silence.
    const { revision } = await ledger.store.head(ledger.mission(found.slug).stream);
    const mission = await openMission(ledger, found.slug, signal);
    if (title === undefined && after.length === 0 && notAfter.length === 0)
      throw usage("nothing is to be changed", "Give --title, --after or --not-after.");
    const before = openWorkPackage(mission, found.workPackageId).dependsOn;
    const dependsOn = [...new Set([...before.filter((id) => !notAfter.includes(id)), ...after])];
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
        ...(after.length + notAfter.length === 0 ? {} : { dependsOn }),
      }),
      said: ({ ref, workPackage }) =>
        `revised ${ref}   ${workPackage.dependsOn.length === 0 ? "waits for nothing" : `after ${workPackage.dependsOn.join(", ")}`}`,
      data: ({ workPackage }) => ({ title: workPackage.title, dependsOn: workPackage.dependsOn }),
    });
  },
});
