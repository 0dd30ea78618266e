/** Run any program around a claim. */
import { type ClaimKind, missionStream } from "@mission-ledger/core/mission";
import { openMission, openWorkPackage, resolveRef } from "../command/refs.ts";
import type { CommandResult } from "../command/result.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { clockTime, commandIdFor, receiptData, receiptLines, write } from "../command/write.ts";
import { type Around, type ClaimEnd, holdAround } from "../hold/hold-around.ts";
import { claimOn } from "../library/claim.ts";
import { exitOfProgram, type Programs, sayProgramEnd } from "../machine/programs.ts";
import { type ExitCode, exitAsProgram, exitCodes } from "../output/exit-codes.ts";
import { problemOf, usage } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { claimPlace, worktreeFlag } from "../workplace/claim-place.ts";
import { ownProgram } from "../workplace/program.ts";
import { refArgument } from "./claims.ts";

export const hold: CommandSpec = command({
  name: "hold",
  summary: "Hold a work package while a program runs",
  description:
    "Claims the package, or takes up your own claim, renews it while the program runs, and ends with the program's own exit code. Input, output and signals are the program's. It is stopped when the claim is lost. A program that fails gives back what was claimed for it; one that ends well leaves the claim to whoever hands the work over.",
  arguments: {
    ...refArgument,
    command: {
      kind: "word",
      required: true,
      repeatable: true,
      description: "the program and what it is told, behind --",
    },
  },
  flags: {
    lease: {
      kind: "duration",
      default: "2m",
      description: "how long until others may recover it; renewed while the program runs",
      placeholder: "2m",
    },
    kind: {
      kind: "text",
      choices: ["implement", "review"],
      default: "implement",
      description: "what the claim is for",
    },
    ...worktreeFlag,
    as: {
      kind: "text",
      description: "who acts; otherwise MISSION_LEDGER_ACTOR, then git's user.name",
      placeholder: "actor",
    },
    dryRun: { kind: "boolean", description: "say what would be written; write nothing and run nothing" },
  },
  examples: [
    "hold passkeys/WP01 --as agent:ada -- ./implement.sh",
    "hold passkeys/WP01 --kind review --as agent:bob -- claude -p 'review it'",
  ],
  writes: true,
  afterDashes: true,
  run: async (context, input, signal) => {
    const { programs } = context;
    const ledger = await context.ledger();
    const { slug, workPackageId } = await resolveRef(ledger, input.ref);
    // What is not there is said before anybody is asked who they are.
    openWorkPackage(await openMission(ledger, slug, signal), workPackageId);
    if (programs === undefined)
      throw usage(
        "no other program can be run from here",
        "Run it from a shell: mled hold <ref> -- <command>.",
      );
    const [file = "", ...args] = input.command;
    if (file === "") throw usage("the program to be run has no name");
    const actor = await context.actor();
    const workplace = await claimPlace(context, {
      worktree: input.worktree,
      program: ownProgram(context.machine),
    });
    if (input.dryRun) {
      const before = await claimOn(ledger.mission(slug), workPackageId);
      const isOwn = before?.holder === actor && before.kind === input.kind;
      const asked = { workPackageId, leaseMs: input.lease, workplace };
      const written = await write(context, {
        ledger,
        slug,
        request: isOwn
          ? { type: "RenewClaim", ...asked, fence: before.fence }
          : { type: "ClaimWorkPackage", ...asked, kind: input.kind as ClaimKind },
        input: { requestId: undefined, expectedRevision: undefined, dryRun: true },
        commandId: commandIdFor(context, { requestId: undefined }),
        signal,
      });
      const said = `${isOwn ? "taken up" : "claimed"} ${slug}/${workPackageId} and run ${file}`;
      return {
        data: { ref: `${slug}/${workPackageId}`, takenUp: isOwn, ...receiptData(written) },
        human: receiptLines(written, said),
      };
    }
    const around = await holdAround({
      ledger,
      timers: context.timers,
      machine: context.machine,
      cwd: context.cwd,
      env: context.env,
      slug,
      workPackageId,
      kind: input.kind as ClaimKind,
      actor,
      leaseMs: input.lease,
      workplace,
      signal,
      onHeld: ({ ref, holder, fence, expiresAt, receipt }, takenUp) =>
        context.tell(
          `${takenUp ? "took up" : "claimed"} ${ref} for ${holder}   fence ${fence}   until ${clockTime(expiresAt, context.clock.now())}, renewed while ${file} runs   rev ${receipt.revision}  read back`,
        ),
      start: ({ ref, holder, fence }) =>
        start(programs, context, [file, ...args], {
          MISSION_LEDGER_ACTOR: holder,
          MISSION_LEDGER_REF: ref,
          MISSION_LEDGER_FENCE: String(fence),
        }),
    });
    await context.tell(claimLine(context, around));
    return resultOf(context, file, around);
  },
});

const start = (
  programs: Programs,
  { cwd, env, isForPrograms }: CommandContext,
  argv: readonly [file: string, ...args: string[]],
  more: Readonly<Record<string, string>>,
): ReturnType<Programs["start"]> =>
  programs.start({
    command: argv,
    cwd,
    env: { ...env, ...more },
    stdout: isForPrograms ? "stderr" : "stdout",
  });

const claimLine = (context: CommandContext, { held: { ref, fence }, claim }: Around): string => {
  switch (claim._tag) {
    case "Released":
      return `released ${ref}   now ${claim.lane}`;
    case "Kept":
      return `kept ${ref}   fence ${fence}   until ${clockTime(claim.expiresAt, context.clock.now())}; hand it over, or give it back: ${context.say("wp.release", shellQuote(ref))}`;
    case "HandedOver":
      return `${ref} was handed over   now ${claim.lane}`;
    case "Lost":
      return `lost ${ref}: ${problemOf(claim.reason).message}`;
    case "Left":
      return `left ${ref} as it is: ${problemOf(claim.reason).message}`;
  }
};

const names: Readonly<Record<ClaimEnd["_tag"], string>> = {
  Released: "released",
  Kept: "kept",
  HandedOver: "handed_over",
  Lost: "lost",
  Left: "left",
};

const resultOf = (
  context: CommandContext,
  file: string,
  { held, takenUp, program, claim }: Around,
): CommandResult => {
  const { ref, kind, holder, fence, receipt } = held;
  const exit = exitOfProgram(program);
  const data = {
    ref,
    kind,
    holder,
    fence,
    takenUp,
    claim: names[claim._tag],
    lane: "lane" in claim ? claim.lane : null,
    expiresAt: claim._tag === "Kept" ? claim.expiresAt : null,
    program: {
      exit: program._tag === "Exited" ? program.code : null,
      signal: program._tag === "Killed" ? program.signal : null,
      notStarted: program._tag === "NotStarted" ? program.code : null,
    },
    revision: receipt.revision,
    readback: receipt.readback,
  };
  const recover = context.say("wp.recover", `${shellQuote(ref)} --reason "…"`);
  const warnings =
    claim._tag === "Left"
      ? [
          `${problemOf(claim.reason).code}: the claim on ${ref} could not be ended: ${problemOf(claim.reason).message}; next: ${recover}`,
        ]
      : [];
  const ended = { data, human: [], warnings };
  if (claim._tag === "Lost")
    return {
      ...ended,
      exit: exitCodes.contended,
      error: {
        code: "CLAIM_LOST",
        message: `the claim on ${ref} was lost while ${file} ran; ${sayProgramEnd(file, program)}`,
        hint: `Look who has it: ${context.say("wp.show", shellQuote(ref))}`,
        details: { ...about(ref), fence },
      },
    };
  if (exit === 0 && claim._tag === "Left") {
    // The program did its part; that the claim was kept for the handover is what nobody has proven.
    const { code, message, details } = problemOf(claim.reason);
    return {
      data,
      human: [],
      error: {
        code,
        message: `${sayProgramEnd(file, program)}, and the claim on ${ref} could not be kept: ${message}`,
        hint: `Renew it as soon as the log can be reached: ${context.say("wp.renew", shellQuote(ref))}`,
        details: { ...details, ...about(ref), stream: missionStream(ref.slice(0, ref.indexOf("/"))) },
      },
    };
  }
  if (exit === 0) return ended;
  return {
    ...ended,
    exit: exitAsProgram(exit) satisfies ExitCode,
    error: {
      code: "PROGRAM_FAILED",
      message: sayProgramEnd(file, program),
      hint:
        claim._tag === "Kept"
          ? `Your claim on ${ref} stays: run it again, or give it back: ${context.say("wp.release", shellQuote(ref))}`
          : `Look: ${context.say("wp.show", shellQuote(ref))}`,
      details: { ...about(ref), ...data.program },
    },
  };
};

const about = (ref: string): Readonly<Record<string, string>> => {
  const slash = ref.indexOf("/");
  return { mission: ref.slice(0, slash), workPackageId: ref.slice(slash + 1) };
};
