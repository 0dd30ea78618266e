/** The way of a command: load, decide, append, read back, compare, fold, receipt. */
import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { Codec } from "./codec.ts";
import type { Decider, DomainCommand, DomainEvent, DomainRefusal } from "./decider.ts";
import { digestOf } from "./digest.ts";
import { type Commit, digestOfEvent, maxEventsPerCommit, type RecordedEvent, sealCommit } from "./event.ts";
import type { Appended, Conflict, EventStore, ExpectedRevision } from "./event-store.ts";
import { isStoreFault, StoreFault } from "./faults.ts";
import { deciderFold, type Folded, foldOnto, headAfter, loadFold, privateCopy, saveFold } from "./fold.ts";
import { NotCanonical } from "./json.ts";
import { type CancelSignal, type Randomness, systemRandomness } from "./ports.ts";
import type { NotDone, Receipt } from "./receipt.ts";
import { noSnapshots, type SnapshotStore } from "./snapshots.ts";

export interface HandlerOptions<
  Command extends DomainCommand,
  State,
  Event extends DomainEvent,
  Refusal extends DomainRefusal,
> {
  readonly store: EventStore;
  readonly decider: Decider<Command, State, Event, Refusal>;
  readonly codec: Codec<Event>;
  /** @defaultValue none: a cold process reads the whole stream */
  readonly snapshots?: SnapshotStore;
  /** Events between two snapshots. @defaultValue 128: rarer than one command in a hundred, and soon read by a cold process */
  readonly snapshotEvery?: number;
  /** Streams whose state is kept in memory between commands. @defaultValue 256 */
  readonly keptStreams?: number;
  /** How often a command is decided before a conflict is handed to the caller. @defaultValue 16 */
  readonly maxAttempts?: number;
  readonly randomness?: Randomness;
}

export interface CommandOptions {
  readonly actor: string;
  /**
   * One id for one intention, made before the first try and repeated with every retry.
   * @defaultValue a fresh UUID: the command cannot be retried after an unknown outcome
   */
  readonly commandId?: string;
  readonly correlationId?: string;
  readonly causationId?: string;
  /** Leave with a conflict unless the stream ends here. @defaultValue decide again on whatever the stream has become */
  readonly expectedRevision?: ExpectedRevision;
  /** Aborting before the append means nothing was written; afterwards the receipt is still given. */
  readonly signal?: CancelSignal;
}

export interface CommandHandler<
  Command extends DomainCommand,
  State,
  Event extends DomainEvent,
  Refusal extends DomainRefusal,
> {
  /** Nothing happens until the task is run. Answers a receipt or the reason why there is none; never throws, except for defects and aborts. */
  attempt(
    stream: string,
    command: Command,
    options: CommandOptions,
  ): TaskEither<NotDone<Refusal>, Receipt<State, Event>>;
  /** State of a stream as the log has it now. */
  load(stream: string, signal?: CancelSignal): Promise<Folded<State>>;
}

/** What deciding came to: something to write, nothing to write, or a refusal. */
type Decision<Refusal> =
  | { readonly _tag: "Write"; readonly commit: Commit }
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Refused"; readonly refusal: Refusal };

export const commandHandler = <
  Command extends DomainCommand,
  State,
  Event extends DomainEvent,
  Refusal extends DomainRefusal,
>({
  store,
  decider,
  codec,
  snapshots = noSnapshots,
  snapshotEvery = 128,
  keptStreams = 256,
  maxAttempts = 16,
  randomness = systemRandomness,
}: HandlerOptions<Command, State, Event, Refusal>): CommandHandler<Command, State, Event, Refusal> => {
  const spec = deciderFold(decider, codec);
  const kept = new Map<string, Folded<State>>();

  const keep = (stream: string, folded: Folded<State>): Folded<State> => {
    kept.delete(stream);
    kept.set(stream, folded);
    const eldest = kept.size > keptStreams ? kept.keys().next().value : undefined;
    if (eldest !== undefined) kept.delete(eldest);
    return folded;
  };

  /** The state kept in memory brought up to the log's end; read anew if the log no longer holds what was kept. */
  const refresh = async (stream: string, signal: CancelSignal | undefined): Promise<Folded<State>> => {
    const options = signal === undefined ? {} : { signal };
    const begun = kept.get(stream);
    if (begun === undefined)
      return keep(stream, await loadFold(store, stream, spec, { snapshots, ...options }));
    try {
      return keep(stream, await foldOnto(store, stream, sharedSpec, begun, options));
    } catch (error) {
      kept.delete(stream);
      if (!isStoreFault(error) || error.code !== "LOG_REPLACED") throw error;
      return keep(stream, await loadFold(store, stream, spec, { snapshots: noSnapshots, ...options }));
    }
  };

  // Kept state is shared with receipts, so it is never changed in place.
  const sharedSpec = deciderFold({ ...decider, evolveInPlace: decider.evolve }, codec);
  const evolveShared = (folded: Folded<State>, events: readonly RecordedEvent[]): Folded<State> => {
    let { head, state, unknownEvents, sinceSnapshot } = folded;
    for (const event of events) {
      const next = sharedSpec.stepInPlace(state, event);
      if (next === undefined) unknownEvents += 1;
      else state = next;
      sinceSnapshot += 1;
      head = headAfter(event);
    }
    return { head, state, unknownEvents, sinceSnapshot };
  };

  const run = async (
    stream: string,
    command: Command,
    options: CommandOptions,
  ): Promise<E.Either<NotDone<Refusal>, Receipt<State, Event>>> => {
    const { actor, signal, expectedRevision } = options;
    const commandId = options.commandId ?? randomness.uuid();
    const commandDigest = digestOfCommand(stream, commandId, command);
    const context = {
      stream,
      commandId,
      commandDigest,
      recordedAt: command.at,
      actor,
      ...(options.correlationId === undefined ? {} : { correlationId: options.correlationId }),
      ...(options.causationId === undefined ? {} : { causationId: options.causationId }),
    };
    const decideOn = ({ head, state }: Folded<State>): Decision<Refusal> => {
      const decided = decider.decide(command, state);
      if (E.isLeft(decided)) return { _tag: "Refused", refusal: decided.left };
      const events = decided.right;
      if (events.length === 0) return { _tag: "Nothing" };
      if (events.length > maxEventsPerCommit) throw tooManyEvents(stream, commandId, events.length);
      return { _tag: "Write", commit: sealCommit(head, context, events.map(codec.encode)) };
    };
    const conflictAt = (folded: Folded<State>): Conflict | undefined =>
      expectedRevision === undefined || expectedRevision === revisionOf(folded)
        ? undefined
        : { _tag: "Conflict", stream, expected: expectedRevision, actual: folded.head };

    let waitedMs = 0;
    const finish = async (
      appended: Appended,
      base: Folded<State>,
      attempts: number,
    ): Promise<Receipt<State, Event> | Conflict> => {
      const events = await store.readBack(appended);
      if (!Array.isArray(events)) return events as Conflict;
      const proven = events as readonly RecordedEvent[];
      proveEqual(appended, proven);
      let folded: Folded<State>;
      if (appended.repeated) folded = await refresh(stream, signal);
      else {
        folded = { ...evolveShared(base, proven), head: appended.head };
        if (decider.shows !== undefined && !decider.shows(command, folded.state))
          throw notShown(stream, commandId, command.type);
        const present = kept.get(stream);
        if (present === undefined || present.head.revision < folded.head.revision) keep(stream, folded);
      }
      if (folded.sinceSnapshot >= snapshotEvery) {
        await saveFold(snapshots, stream, spec, folded);
        keep(stream, { ...folded, sinceSnapshot: 0 });
      }
      const last = proven.at(-1) as RecordedEvent;
      return {
        stream,
        commandId,
        revision: last.revision,
        eventIds: proven.map(({ id }) => id),
        events: proven.flatMap((event) => {
          const decoded = codec.decode(event);
          return decoded._tag === "Known" ? [decoded.event] : [];
        }),
        position: last.position,
        digest: last.digest,
        readback: "verified",
        repeated: appended.repeated,
        state: folded.state,
        waitedMs,
        attempts,
      };
    };
    const nothingToDo = async (
      { head, state }: Folded<State>,
      attempts: number,
    ): Promise<Receipt<State, Event>> => {
      await store.confirm(stream, head);
      const { revision, digest } = head;
      return {
        stream,
        commandId,
        revision,
        eventIds: [],
        events: [],
        position: null,
        digest,
        readback: "nothing_written",
        repeated: false,
        state,
        waitedMs,
        attempts,
      };
    };

    // Looked up before deciding: a retry must get its first receipt, not the refusal that its own success now causes.
    if (options.commandId !== undefined) {
      const earlier = await store.findCommand(stream, commandId);
      if (earlier !== undefined) {
        const appended = await store.append({
          commit: { ...earlier, commandDigest },
          expected: expectedOf(earlier.firstRevision - 1),
        });
        const receipt =
          appended._tag === "Conflict" ? appended : await finish(appended, await refresh(stream, signal), 1);
        return "_tag" in receipt ? E.left(receipt) : E.right(receipt);
      }
    }

    let fresh = !kept.has(stream);
    let base = kept.get(stream) ?? (await refresh(stream, signal));
    for (let attempts = 1; ; attempts += 1) {
      const conflict = conflictAt(base);
      const decision = decideOn(base);
      if (!fresh && (conflict !== undefined || decision._tag !== "Write")) {
        // Kept state may be behind the log; only what the log says now may refuse.
        base = await refresh(stream, signal);
        fresh = true;
        attempts -= 1;
        continue;
      }
      if (conflict !== undefined) return E.left(conflict);
      if (decision._tag === "Refused") return E.left(decision.refusal);
      if (decision._tag === "Nothing") return E.right(await nothingToDo(base, attempts));

      const again: { base?: Folded<State>; decision?: Decision<Refusal> } = {};
      const decideAgain = (missed: readonly RecordedEvent[]): Commit | undefined => {
        attempts += 1;
        again.base = evolveShared(base, missed);
        again.decision = decideOn(again.base);
        return again.decision._tag === "Write" ? again.decision.commit : undefined;
      };
      const outcome = await store.append({
        commit: decision.commit,
        expected: revisionOf(base),
        ...(base.head.mark === undefined ? {} : { mark: base.head.mark }),
        ...(expectedRevision === undefined ? { decideAgain } : {}),
        ...(signal === undefined ? {} : { signal }),
      });
      if (outcome._tag === "Appended") {
        waitedMs += outcome.waitedMs;
        const receipt = await finish(outcome, again.base ?? base, attempts);
        if (!("_tag" in receipt)) return E.right(receipt);
        if (attempts >= maxAttempts) return E.left(receipt);
      } else if (again.base !== undefined && again.decision?._tag !== "Write") {
        // The store kept everybody out while we decided on the newest state, so this answer is final.
        keep(stream, again.base);
        if (again.decision?._tag === "Refused") return E.left(again.decision.refusal);
        return E.right(await nothingToDo(again.base, attempts));
      } else if (expectedRevision !== undefined || attempts >= maxAttempts) return E.left(outcome);
      base = await refresh(stream, signal);
      fresh = true;
    }
  };

  return {
    attempt: (stream, command, options) => async () => {
      try {
        return await run(stream, command, options);
      } catch (error) {
        if (isStoreFault(error)) {
          // After a fault nothing in memory is believed.
          kept.delete(stream);
          return E.left(error);
        }
        throw error;
      }
    },
    load: async (stream, signal) => {
      const folded = await refresh(stream, signal);
      return { ...folded, state: privateCopy(folded.state) };
    },
  };
};

const expectedOf = (revision: number): ExpectedRevision => (revision < 0 ? "no_stream" : revision);
const revisionOf = ({ head }: Folded<unknown>): ExpectedRevision => expectedOf(head.revision);

/** A command without its time: what a retry must repeat exactly. */
const digestOfCommand = (stream: string, commandId: string, { at: _, ...content }: DomainCommand): string => {
  try {
    return digestOf({ stream, ...content });
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error;
    throw new StoreFault("LIMIT_EXCEEDED", `the command for ${stream} cannot be stored: ${error.message}`, {
      outcome: "not_written",
      retryable: false,
      details: { stream, commandId },
      cause: error,
    });
  }
};

/** The proof behind a receipt: what was read back carries the digests that were sealed, and its content still yields them. */
const proveEqual = ({ commit }: Appended, proven: readonly RecordedEvent[]): void => {
  const equal =
    proven.length === commit.events.length &&
    commit.events.every((sealed, index) => {
      const read = proven[index] as RecordedEvent;
      return (
        read.digest === sealed.digest &&
        read.revision === sealed.revision &&
        digestOfEvent(read) === sealed.digest
      );
    });
  if (equal) return;
  const { stream, commandId, firstRevision } = commit;
  throw new StoreFault(
    "READBACK_FAILED",
    `${stream} does not give back what was appended at revision ${firstRevision}`,
    {
      outcome: "unknown",
      retryable: true,
      hint: "Repeat the command with the same command id; it runs at most once.",
      details: { stream, commandId, revision: firstRevision },
    },
  );
};

const notShown = (stream: string, commandId: string, commandType: string): StoreFault =>
  new StoreFault(
    "INTERNAL",
    `${stream} does not show what ${commandType} asked for, although its events are in the log`,
    {
      outcome: "unknown",
      retryable: false,
      hint: "This is a defect of the decider; the events stay in the log under this command id.",
      details: { stream, commandId, written: true },
    },
  );

const tooManyEvents = (stream: string, commandId: string, count: number): StoreFault =>
  new StoreFault(
    "LIMIT_EXCEEDED",
    `the command for ${stream} makes ${count} events; one command may make ${maxEventsPerCommit}`,
    {
      outcome: "not_written",
      retryable: false,
      hint: "Split it into several commands.",
      details: { stream, commandId, count, limit: maxEventsPerCommit },
    },
  );
