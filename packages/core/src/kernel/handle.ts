/** The way of a command: load, decide, append, read back, compare, fold, receipt. */
import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { Codec } from "./codec.ts";
import type { Decider, DomainCommand, DomainEvent, DomainRefusal } from "./decider.ts";
import {
  type Commit,
  type CommitContext,
  type EventEnvelope,
  maxEventsPerCommit,
  sealCommit,
} from "./event.ts";
import type { Appended, Conflict, EventStore, ExpectedRevision } from "./event-store.ts";
import { isStoreFault } from "./faults.ts";
import { type Folded, privateCopy } from "./fold.ts";
import { keptStates } from "./kept-states.ts";
import { type CancelSignal, type Randomness, systemRandomness } from "./ports.ts";
import { digestOfCommand, naming, notShown, proveEqual, tooManyEvents } from "./proof.ts";
import { type NotDone, type Receipt, receiptOf, receiptOfNothing } from "./receipt.ts";
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
  /** Events between two snapshots. @defaultValue 512: one write in some hundred commands, and 2 ms of reading for a cold process */
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
  snapshotEvery = 512,
  keptStreams = 256,
  maxAttempts = 16,
  randomness = systemRandomness,
}: HandlerOptions<Command, State, Event, Refusal>): CommandHandler<Command, State, Event, Refusal> => {
  type Outcome = E.Either<NotDone<Refusal>, Receipt<State, Event>>;
  const states = keptStates({ store, decider, codec, snapshots, snapshotEvery, keptStreams });

  const decideOn = (
    { head, state }: Folded<State>,
    command: Command,
    context: CommitContext,
  ): Decision<Refusal> => {
    const decided = decider.decide(command, state);
    if (E.isLeft(decided)) return { _tag: "Refused", refusal: decided.left };
    const events = decided.right;
    if (events.length === 0) return { _tag: "Nothing" };
    if (events.length > maxEventsPerCommit)
      throw tooManyEvents(context.stream, context.commandId, events.length);
    return { _tag: "Write", commit: sealCommit(head, context, events.map(codec.encode)) };
  };

  /** Reads back, proves, folds. A conflict means that another commit had claimed the revision first. */
  const prove = async (
    appended: Appended,
    base: Folded<State>,
    command: Command,
    attempts: number,
  ): Promise<Receipt<State, Event> | Conflict> => {
    const { stream, commandId } = appended.commit;
    const read = await store.readBack(appended);
    if ("_tag" in read) return read;
    proveEqual(appended.commit, read, store.supports);
    let folded = base;
    if (appended.repeated) folded = await states.refresh(stream);
    else {
      folded = { ...states.evolve(base, read), head: appended.head };
      if (decider.shows?.(command, folded.state) === false) throw notShown(stream, commandId, command.type);
      await states.advance(stream, folded);
    }
    return receiptOf(appended, read, codec, folded.state, attempts);
  };

  const nothingToDo = async (
    { commandId, stream }: CommitContext,
    { head, state }: Folded<State>,
    attempts: number,
  ): Promise<Outcome> => {
    // What the answer builds on may have been written by a process that died before its flush.
    await store.confirm(stream, head);
    return E.right(receiptOfNothing(stream, commandId, head, state, attempts));
  };

  const withoutWriting = (
    decision: Exclude<Decision<Refusal>, { readonly _tag: "Write" }>,
    context: CommitContext,
    base: Folded<State>,
    attempts: number,
  ): Outcome | Promise<Outcome> =>
    decision._tag === "Refused" ? E.left(decision.refusal) : nothingToDo(context, base, attempts);

  /** A retry gets its first receipt, not the refusal that its own success now causes. */
  const repeat = async (context: CommitContext, command: Command): Promise<Outcome | undefined> => {
    const earlier = await store.findCommand(context.stream, context.commandId);
    if (earlier === undefined) return undefined;
    const commit = { ...earlier, commandDigest: context.commandDigest };
    const appended = await store.append({ commit, expected: expectedOf(earlier.firstRevision - 1) });
    if (appended._tag === "Conflict") return E.left(appended);
    const proven = await prove(appended, await states.refresh(context.stream), command, 1);
    return "_tag" in proven ? E.left(proven) : E.right(proven);
  };

  const run = async (context: CommitContext, command: Command, options: CommandOptions): Promise<Outcome> => {
    const { stream } = context;
    const { signal, expectedRevision } = options;
    /** An answer that writes nothing is final only if the command has not written something before. */
    const answer = async (nothingWritten: () => Outcome | Promise<Outcome>): Promise<Outcome> =>
      (options.commandId === undefined ? undefined : await repeat(context, command)) ?? nothingWritten();

    let isFresh = states.get(stream) === undefined;
    let base = states.get(stream) ?? (await states.refresh(stream, signal));
    for (let attempts = 1; ; attempts += 1) {
      const expected = revisionOf(base);
      const isElsewhere = expectedRevision !== undefined && expectedRevision !== expected;
      const decision: Decision<Refusal> = isElsewhere
        ? { _tag: "Nothing" }
        : decideOn(base, command, context);
      if (decision._tag !== "Write" && !isFresh) {
        // Kept state may be behind the log; only what the log says now may refuse.
        base = await states.refresh(stream, signal);
        isFresh = true;
        attempts -= 1;
        continue;
      }
      const { head } = base;
      if (isElsewhere)
        return answer(() => E.left({ _tag: "Conflict", stream, expected: expectedRevision, actual: head }));
      if (decision._tag !== "Write") return answer(() => withoutWriting(decision, context, base, attempts));

      const again: { base?: Folded<State>; decision?: Decision<Refusal> } = {};
      const decideAgain = (missed: () => readonly EventEnvelope[]): Commit | undefined => {
        attempts += 1;
        again.base = states.evolve(base, missed());
        again.decision = decideOn(again.base, command, context);
        return again.decision._tag === "Write" ? again.decision.commit : undefined;
      };
      const { mark } = head;
      const appended = await store.append({
        commit: decision.commit,
        expected,
        // Only the first try: a commit that became void has used the id up.
        hasFreshId: options.commandId === undefined && attempts === 1,
        ...(mark === undefined ? {} : { mark }),
        ...(expectedRevision === undefined ? { decideAgain } : {}),
        ...(signal === undefined ? {} : { signal }),
      });
      let conflict: Conflict;
      if (appended._tag === "Appended") {
        const proven = await prove(appended, again.base ?? base, command, attempts);
        if (!("_tag" in proven)) return E.right(proven);
        conflict = proven;
      } else {
        conflict = appended;
        // The store kept everybody out while we decided on the newest state, so that answer is final.
        const { decision: final, base: newest } = again;
        if (final !== undefined && final._tag !== "Write" && newest !== undefined)
          return answer(() => withoutWriting(final, context, newest, attempts));
      }
      if (expectedRevision !== undefined || attempts >= maxAttempts) return E.left(conflict);
      base = await states.refresh(stream, signal);
      isFresh = true;
    }
  };

  return {
    attempt: (stream, command, options) => async () => {
      const { actor, correlationId, causationId } = options;
      const commandId = options.commandId ?? randomness.uuid();
      try {
        const context: CommitContext = {
          stream,
          commandId,
          commandDigest: digestOfCommand(stream, commandId, command),
          recordedAt: command.at,
          actor,
          ...(correlationId === undefined ? {} : { correlationId }),
          ...(causationId === undefined ? {} : { causationId }),
        };
        return await run(context, command, options);
      } catch (error) {
        if (!isStoreFault(error)) throw error;
        // After a fault nothing in memory is believed.
        states.forget(stream);
        // Where the log lacks events, a command that was tried before may be among them.
        const isOpen = options.commandId !== undefined && error.code === "LOG_CORRUPT";
        return E.left(naming(error, stream, commandId, isOpen ? "unknown" : error.outcome));
      }
    },
    load: async (stream, signal) => {
      const folded = await states.refresh(stream, signal);
      return { ...folded, state: privateCopy(folded.state) };
    },
  };
};

const expectedOf = (revision: number): ExpectedRevision => (revision < 0 ? "no_stream" : revision);
const revisionOf = ({ head }: Folded<unknown>): ExpectedRevision => expectedOf(head.revision);
