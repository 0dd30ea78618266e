/** Reviews: take one up, answer it. */
import { aboutWorkPackage } from "../command/about-work-package.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { writeFlags } from "../command/write.ts";
import { usage } from "../output/problem.ts";
import { promptFlag, reviewedBy } from "../prompts/prompt-flag.ts";
import { claimPlace, worktreeFlag } from "../workplace/claim-place.ts";
import { fenceFlag, grantData, leaseFlag, refArgument, saidClaimed } from "./claims.ts";

export const reviewStart: CommandSpec = command({
  name: "review.start",
  summary: "Take up the review of a work package that somebody else implemented",
  arguments: refArgument,
  flags: { ...leaseFlag, ...promptFlag, ...worktreeFlag, ...writeFlags },
  examples: [
    "review start passkeys/WP01 --as agent:bob",
    "review start passkeys/WP01 --prompt <file> --as agent:bob",
  ],
  common: true,
  writes: true,
  run: async (context, input, signal) => {
    const subject = await reviewedBy(context, input, signal);
    return aboutWorkPackage({
      context,
      input,
      signal,
      request: async ({ workPackageId }) => ({
        type: "ClaimWorkPackage",
        workPackageId,
        kind: "review",
        leaseMs: input.lease,
        workplace: await claimPlace(context, input),
        ...(subject === undefined ? {} : { subject }),
      }),
      said: ({ ref, written }) =>
        saidClaimed(ref, written, input.lease, context.clock.now()).replace("claimed", "reviewing"),
      data: ({ written, workPackage }) => ({
        ...grantData(written),
        subject: workPackage.subject,
        reviewCycle: workPackage.reviewCycle,
      }),
    });
  },
});

export const reviewSubmit: CommandSpec = command({
  name: "review.submit",
  summary: "Answer a review",
  arguments: refArgument,
  flags: {
    verdict: {
      kind: "text",
      required: true,
      choices: ["approved", "changes_requested"],
      description: "approved or changes_requested",
    },
    to: {
      kind: "text",
      choices: ["approved", "done", "in_progress", "planned"],
      description: "lane it goes to; otherwise approved, or planned when changes are requested",
    },
    notes: { kind: "text", description: "what the implementer should know" },
    notesFile: {
      kind: "path",
      description: "the same from a file, or - for standard input",
      placeholder: "file",
    },
    subject: {
      kind: "text",
      description: "what you reviewed; refused when something else was handed over since",
      placeholder: "sha256",
    },
    ...promptFlag,
    ...fenceFlag,
    ...writeFlags,
  },
  examples: [
    "review submit passkeys/WP01 --verdict approved --as agent:bob",
    "review submit passkeys/WP01 --verdict approved --prompt <file> --as agent:bob",
    "review submit passkeys/WP01 --verdict changes_requested --notes-file notes.md",
  ],
  common: true,
  writes: true,
  run: async (context, input, signal) => {
    if (input.notes !== undefined && input.notesFile !== undefined)
      throw usage("--notes and --notes-file say the same thing; give one");
    const read =
      input.notesFile === undefined ? input.notes : (await context.readText(input.notesFile)).trim();
    if (read === "") throw usage("--notes-file: the text is blank");
    const notes = read;
    const reviewed = await reviewedBy(context, input, signal);
    if (reviewed !== undefined && input.subject !== undefined && input.subject !== reviewed)
      throw usage("--subject and --prompt are about different things; the prompt alone is enough");
    const subject = reviewed ?? input.subject;
    return aboutWorkPackage({
      context,
      input,
      signal,
      request: ({ workPackageId }) => ({
        type: "SubmitReview",
        workPackageId,
        verdict: input.verdict,
        ...(input.to === undefined ? {} : { to: input.to }),
        ...(subject === undefined ? {} : { subject }),
        ...(notes === undefined ? {} : { notes }),
        ...(input.fence === undefined ? {} : { fence: input.fence }),
      }),
      said: ({ from, workPackage }) =>
        `moved ${from} > ${workPackage.lane}   review cycle ${workPackage.reviewCycle}`,
      data: ({ workPackage }) => ({ verdict: input.verdict, reviewCycle: workPackage.reviewCycle }),
    });
  },
});
