/** Moves and marks: what the holder of a work package says about it, and force for when the rules are wrong. */
import { aboutWorkPackage } from "../command/about-work-package.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { writeFlags } from "../command/write.ts";
import { fenceFlag, refArgument } from "./claims.ts";

const laneArgument = { lane: { kind: "lane", required: true, description: "where to" } } as const;

export const wpMove: CommandSpec = command({
  name: "wp.move",
  summary: "Move a work package to another lane",
  arguments: { ...refArgument, ...laneArgument },
  flags: {
    reason: { kind: "text", description: "why; needed to block, cancel, send back or reopen" },
    link: { kind: "text", description: "what made it necessary; needed to reopen", placeholder: "url" },
    evidence: {
      kind: "evidence",
      repeatable: true,
      description: "what shows the work: commit, file, test, url or note",
      placeholder: "kind=ref",
    },
    ...fenceFlag,
    ...writeFlags,
  },
  examples: [
    "wp move passkeys/WP01 in_progress --as agent:ada",
    "wp move passkeys/WP01 for_review --evidence commit=9c1f2ab",
    'wp move passkeys/WP02 blocked --reason "waits for the API key"',
  ],
  common: true,
  writes: true,
  run: (context, input, signal) =>
    aboutWorkPackage({
      context,
      input,
      signal,
      request: ({ workPackageId }) => ({
        type: "MoveWorkPackage",
        workPackageId,
        to: input.lane,
        ...(input.reason === undefined ? {} : { reason: input.reason }),
        ...(input.link === undefined ? {} : { link: input.link }),
        ...(input.evidence.length === 0 ? {} : { evidence: input.evidence }),
        ...(input.fence === undefined ? {} : { fence: input.fence }),
      }),
      said: ({ from }) => `moved ${from} > ${input.lane}`,
    }),
});

export const wpForce: CommandSpec = command({
  name: "wp.force",
  summary: "Put a work package into a lane against the rules, for everybody to see",
  description:
    "Recorded as an event of its own with the guards it overrides. Counted, shown on the board and by doctor.",
  arguments: { ...refArgument, ...laneArgument },
  flags: {
    reason: { kind: "text", required: true, description: "why the rules do not fit" },
    lease: {
      kind: "duration",
      description: "lease of the claim that comes with it, where the lane has one",
      placeholder: "4h",
    },
    ...writeFlags,
  },
  examples: ['wp force passkeys/WP01 done --reason "merged by hand before the ledger"'],
  writes: true,
  run: (context, input, signal) =>
    aboutWorkPackage({
      context,
      input,
      signal,
      request: ({ workPackageId }) => ({
        type: "ForceWorkPackage",
        workPackageId,
        to: input.lane,
        reason: input.reason,
        ...(input.lease === undefined ? {} : { leaseMs: input.lease }),
      }),
      said: ({ from }) => `forced ${from} > ${input.lane}`,
      data: ({ written, workPackage }) => {
        const forced = written.events.find((event) => event.type === "WorkPackageForced");
        return { overrides: forced?.overrides ?? [], forceCount: workPackage.forceCount };
      },
    }),
});

export const wpSubtask: CommandSpec = command({
  name: "wp.subtask",
  summary: "Mark a subtask done, or open again",
  arguments: { ...refArgument, subtask: { kind: "text", required: true, description: "id of the subtask" } },
  flags: { undo: { kind: "boolean", description: "mark it open again" }, ...fenceFlag, ...writeFlags },
  examples: ["wp subtask passkeys/WP01 T1", "wp subtask passkeys/WP01 T1 --undo"],
  writes: true,
  run: (context, input, signal) =>
    aboutWorkPackage({
      context,
      input,
      signal,
      request: ({ workPackageId }) => ({
        type: "MarkSubtask",
        workPackageId,
        subtaskId: input.subtask,
        done: !input.undo,
        ...(input.fence === undefined ? {} : { fence: input.fence }),
      }),
      said: ({ ref }) => `marked ${ref} ${input.subtask} ${input.undo ? "open" : "done"}`,
      data: ({ workPackage }) => ({ subtasks: workPackage.subtasks }),
    }),
});

export const wpNote: CommandSpec = command({
  name: "wp.note",
  summary: "Leave a note on a work package",
  arguments: { ...refArgument, text: { kind: "text", required: true, description: "the note" } },
  flags: writeFlags,
  examples: ['wp note passkeys/WP01 "The form works without JavaScript too"'],
  writes: true,
  run: (context, input, signal) =>
    aboutWorkPackage({
      context,
      input,
      signal,
      request: ({ workPackageId }) => ({ type: "AddNote", workPackageId, text: input.text }),
      said: ({ ref }) => `noted on ${ref}`,
    }),
});
