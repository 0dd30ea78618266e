/** How every writing command writes: one command id per intention, a receipt or a reason, or a look at what would be written. */
import {
  type CancelSignal,
  type ExpectedRevision,
  LedgerError,
  timestamp,
  type Warning,
} from "@mission-ledger/core";
import {
  Conflicted,
  type Ledger,
  type MissionEvent,
  type MissionReceipt,
  type MissionRequest,
  mission as missionDecider,
  type OpenMission,
  Refused,
} from "@mission-ledger/core/mission";
import type { Line } from "../output/lines.ts";
import { padTo } from "../output/width.ts";
import type { CommandContext } from "./spec.ts";

/** Flags of every command that writes. */
export const writeFlags = {
  as: {
    kind: "text",
    description: "who acts; otherwise MISSION_LEDGER_ACTOR, then git's user.name",
    placeholder: "actor",
  },
  requestId: {
    kind: "text",
    description: "id of this intention: repeated with the same id, it happens once",
    placeholder: "id",
  },
  expectedRevision: {
    kind: "revision",
    description: "refuse unless the mission ends at this revision",
    placeholder: "n",
  },
  dryRun: { kind: "boolean", description: "say what would be written; write nothing" },
} as const;

export interface WriteInput {
  readonly requestId: string | undefined;
  readonly expectedRevision: ExpectedRevision | undefined;
  readonly dryRun: boolean;
}

/** What a write came to. `receipt` is `null` on a dry run. */
export interface Written {
  readonly events: readonly MissionEvent[];
  readonly state: OpenMission;
  readonly receipt: MissionReceipt | null;
  readonly commandId: string;
}

export interface WriteRequest {
  readonly ledger: Ledger;
  readonly slug: string;
  readonly request: MissionRequest;
  readonly input: WriteInput;
  readonly commandId: string;
  readonly signal: CancelSignal | undefined;
}

export const commandIdFor = (context: CommandContext, { requestId }: Pick<WriteInput, "requestId">): string =>
  requestId ?? context.randomness.uuid();

/** Throws what `execute` throws. An unknown outcome carries the command id, and what to run to learn more. */
export const write = async (
  context: CommandContext,
  { ledger, slug, request, input, commandId, signal }: WriteRequest,
): Promise<Written> => {
  const actor = await context.actor();
  const mission = ledger.mission(slug);
  if (input.dryRun)
    return { ...(await rehearse(ledger, slug, request, input, actor)), receipt: null, commandId };
  try {
    const receipt = await mission.execute(request, {
      actor,
      ...(input.requestId === undefined ? context.firstTry(commandId) : { commandId }),
      ...(input.expectedRevision === undefined ? {} : { expectedRevision: input.expectedRevision }),
      ...(signal === undefined ? {} : { signal }),
    });
    for (const warning of receipt.warnings) context.warn(warningText(warning));
    return { events: receipt.events, state: receipt.state as OpenMission, receipt, commandId };
  } catch (error) {
    throw withCommandId(error, commandId, context);
  }
};

/** `CODE: what is wrong; what to do`. */
export const warningText = ({
  code,
  message,
  hint,
}: Pick<Warning, "code" | "message"> & { readonly hint?: string | undefined }): string =>
  `${code}: ${hint === undefined ? message : `${withoutStop(message)}; next: ${hint}`}`;

/** A sentence that goes on. */
export const withoutStop = (sentence: string): string => sentence.replace(/\.$/, "");

/** Decides on the present state and writes nothing. */
const rehearse = async (
  ledger: Ledger,
  slug: string,
  request: MissionRequest,
  { expectedRevision }: WriteInput,
  actor: string,
): Promise<{ readonly events: readonly MissionEvent[]; readonly state: OpenMission }> => {
  const handle = ledger.mission(slug);
  const [state, head] = [await handle.state(), await ledger.store.head(handle.stream)];
  const ends = head.revision < 0 ? "no_stream" : head.revision;
  if (expectedRevision !== undefined && expectedRevision !== ends)
    throw new Conflicted({
      _tag: "Conflict",
      stream: handle.stream,
      expected: expectedRevision,
      actual: head,
    });
  const { command } = await handle.commandOf(request, { actor });
  const decision = missionDecider.decide(command, state);
  if (decision._tag === "Left") {
    const refusal = decision.left;
    throw new Refused(refusal._tag === "MissionNotFound" ? { ...refusal, mission: slug } : refusal);
  }
  let after = state;
  for (const event of decision.right) after = missionDecider.evolve(after, event);
  return { events: decision.right, state: after as OpenMission };
};

/** A failure whose outcome nobody knows, with the one way to find out. */
class UnknownOutcome extends LedgerError {
  override readonly name = "UnknownOutcome";
  readonly code: string;

  constructor(cause: LedgerError, commandId: string, run: string) {
    super(cause.message, {
      outcome: "unknown",
      retryable: cause.retryable,
      hint: `It may have been written. Run it again with its id, which does it at most once: ${run}`,
      details: { ...cause.details, commandId, run },
      cause,
    });
    this.code = cause.code;
  }
}

const withCommandId = (error: unknown, commandId: string, context: CommandContext): unknown =>
  LedgerError.is(error) && error.outcome === "unknown"
    ? new UnknownOutcome(error, commandId, context.again(commandId))
    : error;

/** The proof as data: the same keys for every write. */
export const receiptData = ({ receipt, events, commandId }: Written): Readonly<Record<string, unknown>> => ({
  revision: receipt === null ? null : receipt.revision,
  eventId: receipt?.eventIds.at(-1) ?? null,
  eventIds: receipt?.eventIds ?? [],
  position: receipt?.position ?? null,
  readback: receipt?.readback ?? "nothing_written",
  commandId,
  repeated: receipt?.repeated ?? false,
  dryRun: receipt === null,
  events: events.map((event) => event.type),
});

/** The one line a write ends with. "read back" is said only of what was. */
export const receiptLines = (written: Written, said: string, nothing = "nothing to do"): readonly Line[] => {
  const { receipt, events } = written;
  if (receipt === null)
    return events.length === 0
      ? [`${nothing}; a real run would write nothing either`]
      : [
          `would have ${said}`,
          ...events.map((event) => [{ text: `  would write ${event.type}`, tone: "dim" } as const]),
        ];
  if (receipt.readback !== "verified") return [`${nothing}   rev ${receipt.revision}`];
  const again = receipt.repeated ? "  (done before under this request id)" : "";
  return [
    [
      padTo(said, Math.max(58, said.length)),
      "  ",
      `rev ${receipt.revision}`,
      "  ",
      { text: "read back", tone: "good" },
      again,
    ],
  ];
};

/** A moment as people read it: the time today, the date too on other days. UTC. */
export const clockTime = (moment: string, now: number): string => {
  const today = timestamp(now).slice(0, 10);
  return moment.startsWith(today)
    ? `${moment.slice(11, 16)} UTC`
    : `${moment.slice(0, 10)} ${moment.slice(11, 16)} UTC`;
};
