/** The frame of every command that writes about one work package: find it, write, say what came of it. */
import type { CancelSignal } from "@mission-ledger/core";
import type { MissionEvent, MissionRequest, WorkPackage } from "@mission-ledger/core/mission";
import { findWorkPackage } from "@mission-ledger/core/mission";
import type { Line } from "../output/lines.ts";
import { formatRef, type Ref, resolveRef } from "./refs.ts";
import type { CommandResult } from "./result.ts";
import type { CommandContext } from "./spec.ts";
import { commandIdFor, receiptData, receiptLines, type WriteInput, type Written, write } from "./write.ts";

export interface AboutInput extends WriteInput {
  readonly ref: string;
}

export interface AboutWorkPackage {
  readonly context: CommandContext;
  readonly input: AboutInput;
  readonly signal: CancelSignal | undefined;
  readonly request: (ref: Ref) => MissionRequest | Promise<MissionRequest>;
  /** What was done, in the past tense, for the line that ends with the revision. */
  readonly said: (done: Done) => string;
  /** More to print under `data`. */
  readonly data?: (done: Done) => Readonly<Record<string, unknown>>;
  readonly lines?: (done: Done) => readonly Line[];
}

export interface Done {
  readonly ref: string;
  readonly written: Written;
  readonly workPackage: WorkPackage;
  readonly from: string;
}

export const aboutWorkPackage = async ({
  context,
  input,
  signal,
  request,
  said,
  data,
  lines,
}: AboutWorkPackage): Promise<CommandResult> => {
  const ledger = await context.ledger();
  const found = await resolveRef(ledger, input.ref);
  const commandId = commandIdFor(context, input);
  const written = await write(context, {
    ledger,
    slug: found.slug,
    request: await request(found),
    input,
    commandId,
    signal,
  });
  // A receipt is given only for packages that the state after the command has.
  const workPackage = findWorkPackage(written.state, found.workPackageId) as WorkPackage;
  const done: Done = {
    ref: formatRef(found),
    written,
    workPackage,
    from: laneBefore(written.events) ?? workPackage.lane,
  };
  return {
    data: {
      ref: done.ref,
      from: done.from,
      to: laneAfter(written.events) ?? workPackage.lane,
      lane: workPackage.lane,
      holder: workPackage.claim?.holder ?? null,
      fence: workPackage.fence,
      ...(data?.(done) ?? {}),
      ...receiptData(written),
    },
    human: [
      ...receiptLines(written, said(done), `${done.ref} is ${workPackage.lane}: nothing to do`),
      ...(lines?.(done) ?? []),
    ],
  };
};

const laneBefore = (events: readonly MissionEvent[]): string | undefined => events.find(isMove)?.from;

/** A repeated command answers its own events; the package may have moved on since. */
const laneAfter = (events: readonly MissionEvent[]): string | undefined => events.findLast(isMove)?.to;

type Move = Extract<MissionEvent, { type: "WorkPackageMoved" | "WorkPackageForced" }>;
const isMove = (event: MissionEvent): event is Move =>
  event.type === "WorkPackageMoved" || event.type === "WorkPackageForced";
