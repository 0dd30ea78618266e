/** Undo: takes a command of one's own back by events that say so. Which one is said, never guessed. */
import type { CancelSignal, RecordedEvent } from "@mission-ledger/core";
import {
  findWorkPackage,
  isEverUndone,
  type Ledger,
  missionStream,
  timelineEntry,
  type UndoRequest,
} from "@mission-ledger/core/mission";
import { formatRef, openMission, openWorkPackage, resolveSubject, type Subject } from "../command/refs.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { commandIdFor, receiptData, receiptLines, write, writeFlags } from "../command/write.ts";
import { printable } from "../output/printable.ts";
import { CliError } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { fenceFlag } from "./claims.ts";

export const undo: CommandSpec = command({
  name: "undo",
  summary: "Take back something you did, by an event that says so",
  description:
    "Nothing leaves the log. What others have built on, what would lead to approved or done, and what somebody else did is not undone.",
  arguments: {
    about: {
      kind: "text",
      required: true,
      description: "a work package such as passkeys/WP01, or a mission",
    },
    event: {
      kind: "text",
      description:
        "id or revision of an event of what is to be undone; without it, what you did last is listed",
    },
  },
  flags: {
    reason: { kind: "text", required: true, description: "why" },
    ...fenceFlag,
    ...writeFlags,
  },
  examples: [
    'undo passkeys/WP01 8 --reason "wrong package"',
    'undo passkeys 12 --reason "wrong title" --dry-run',
  ],
  writes: true,
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const subject = await resolveSubject(ledger, input.about);
    const { slug, workPackageId } = subject;
    const mission = await openMission(ledger, slug, signal);
    if (workPackageId !== undefined) openWorkPackage(mission, workPackageId);
    if (input.event === undefined) throw await whichOne(context, ledger, subject, input.reason, signal);
    const event = eventNamed(input.event);
    if (workPackageId !== undefined) await checkAbout(ledger, slug, workPackageId, event, signal);
    const { reason, fence } = input;
    const written = await write(context, {
      ledger,
      slug,
      input,
      commandId: commandIdFor(context, input),
      signal,
      request: { type: "Undo", event, reason, ...(fence === undefined ? {} : { fence }) },
    });
    const undone = written.events.flatMap((one) =>
      one.type === "WorkPackageReverted" || one.type === "MissionSettingsReverted" ? [one] : [],
    )[0];
    const id = undone !== undefined && "workPackageId" in undone ? undone.workPackageId : workPackageId;
    const workPackage = id === undefined ? undefined : findWorkPackage(written.state, id);
    const about = id === undefined ? slug : formatRef({ slug, workPackageId: id });
    return {
      data: {
        about,
        undoes: undone?.undoes ?? null,
        undoneCommand: undone?.undoneCommand ?? null,
        lane: workPackage?.lane ?? null,
        holder: workPackage?.claim?.holder ?? null,
        ...receiptData(written),
      },
      human: receiptLines(
        written,
        `undone ${input.event} of ${about}${workPackage === undefined ? "" : `   now ${workPackage.lane}`}`,
        `${about}: that was undone already; nothing to do`,
      ),
    };
  },
});

const eventNamed = (text: string): UndoRequest["event"] =>
  /^\d{1,15}$/.test(text) ? { revision: Number(text) } : { eventId: text };

/** Who names a package does not mean an event of another one. */
const checkAbout = async (
  ledger: Ledger,
  slug: string,
  workPackageId: string,
  event: UndoRequest["event"],
  signal: CancelSignal | undefined,
): Promise<void> => {
  for await (const batch of ledger.mission(slug).history(signal === undefined ? {} : { signal }))
    for (const one of batch) {
      if ("eventId" in event ? one.id !== event.eventId : one.revision !== event.revision) continue;
      if (one.data.workPackageId === workPackageId) return;
      throw new CliError(
        "NOT_FOUND",
        `event ${one.id} (revision ${one.revision}) is not about ${workPackageId}`,
        {
          hint: `It is about ${typeof one.data.workPackageId === "string" ? `${slug}/${one.data.workPackageId}` : slug}.`,
          details: { mission: slug, workPackageId, eventId: one.id },
        },
      );
    }
};

const listed = 5;

/** Commands that are undone as the log ends; what was undone by one that was undone itself stands again. */
const undoneIn = (undid: ReadonlyMap<string, string>): ReadonlySet<string> => {
  const undone = new Set<string>();
  for (const commandId of undid.values()) {
    undone.add(commandId);
    const again = undid.get(commandId);
    if (again !== undefined) undone.delete(again);
  }
  return undone;
};

/** Nothing is undone by guess: says what the actor did last, each with the words that undo it. */
const whichOne = async (
  context: CommandContext,
  ledger: Ledger,
  { slug, workPackageId, name }: Subject,
  reason: string,
  signal: CancelSignal | undefined,
): Promise<Error> => {
  const actor = await context.actor();
  const commands = new Map<string, RecordedEvent>();
  /** Commands that nobody ever undoes: nothing is gained by listing them. */
  const stays = new Set<string>();
  /** By command, the one that it undid. */
  const undid = new Map<string, string>();
  for await (const batch of ledger.store.read(missionStream(slug), signal === undefined ? {} : { signal }))
    for (const one of batch) {
      if (typeof one.data.undoneCommand === "string") undid.set(one.commandId, one.data.undoneCommand);
      const isMeant = workPackageId === undefined || one.data.workPackageId === workPackageId;
      if (one.actor !== actor || !isMeant) continue;
      commands.set(one.commandId, one);
      if (!isEverUndone(one.type)) stays.add(one.commandId);
    }
  for (const commandId of [...stays, ...undoneIn(undid)]) commands.delete(commandId);
  const newest = [...commands.values()].slice(-listed).reverse();
  const about = shellQuote(name);
  return new CliError("INPUT_REQUIRED", "which event is to be undone?", {
    hint:
      newest.length === 0
        ? `${actor} did nothing there that is ever undone.`
        : newest
            .map(
              (event) =>
                `${printable(timelineEntry(event).text)}: ${context.say("undo", `${about} ${event.revision} --reason ${shellQuote(reason)}`)}`,
            )
            .join("\n"),
    details: {
      mission: slug,
      workPackageId: workPackageId ?? null,
      events: newest.map((event) => ({ eventId: event.id, revision: event.revision, type: event.type })),
    },
  });
};
