/** The way of a command: load, decide, append, read back, compare, fold, receipt. */
import * as E from "fp-ts/lib/Either.js";
import { checkOptions } from "./check-options.ts";
import type { CommandHandler, CommandOptions, HandlerOptions } from "./command-handler.ts";
import { type LostRaces, racing, underLock } from "./contention.ts";
import type { DomainCommand, DomainEvent, DomainRefusal } from "./decider.ts";
import { diagnosticOf } from "./diagnostics.ts";
import {
  type Commit,
  type CommitContext,
  type EventEnvelope,
  maxEventsPerCommit,
  type RecordedEvent,
  type StreamHead,
  sealCommit,
} from "./event.ts";
import type { Appended, Conflict, ExpectedRevision, Warning } from "./event-store.ts";
import { isStoreFault } from "./faults.ts";
import { type Folded, privateCopy } from "./fold.ts";
import { keptStates } from "./kept-states.ts";
import { systemRandomness, systemTimers } from "./ports.ts";
import { digestOfCommand, naming, notShown, proveEqual, tooManyEvents } from "./proof.ts";
import { type NotDone, type Receipt, receiptOf, receiptOfNothing } from "./receipt.ts";
import { noSnapshots } from "./snapshots.ts";
import { type Guess, underway, type Way } from "./underway.ts";

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
  maxAttempts = store.supports.decidesUnderLock ? 16 : Number.POSITIVE_INFINITY,
  racesMs = 30_000,
  randomness = systemRandomness,
  timers = systemTimers,
  onWarning,
}: HandlerOptions<Command, State, Event, Refusal>): CommandHandler<Command, State, Event, Refusal> => {
  type Outcome = E.Either<NotDone<Refusal>, Receipt<State, Event>>;
  const states = keptStates({
    store,
    decider,
    codec,
    snapshots,
    snapshotEvery,
    keptStreams,
    onStray: onWarning,
  });
  const others = underway<State>();
  const { decidesUnderLock } = store.supports;
  const contention = decidesUnderLock
    ? underLock(maxAttempts)
    : racing({ maxAttempts, racesMs, randomness, timers });
  // Where nobody is kept out, appends of one stream overtake each other, and guesses would fail.
  const mayGuess = decidesUnderLock;

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

  /** The receipt is certain by now, so that nothing a store throws here may take its place. */
  const warningsOf = async (stream: string): Promise<readonly Warning[]> => {
    const remembered = states.takeWarnings(stream);
    if (store.publish === undefined) return remembered;
    try {
      const published = await store.publish(stream);
      return remembered.length === 0 ? published : [...remembered, ...published];
    } catch (error) {
      const { code, message, hint } = diagnosticOf("publishing", error);
      return [...remembered, { code, message, ...(hint === undefined ? {} : { hint }) }];
    }
  };

  /** What a decider throws on a guess, it may not throw on what comes true. */
  const decideOnGuess: typeof decideOn = (base, command, context) => {
    try {
      return decideOn(base, command, context);
    } catch {
      return { _tag: "Nothing" };
    }
  };

  /**
   * Reads back and proves. `after` is the state with the sealed events taken in: what was read is equal to them, so it is the
   * state with what was read taken in, as long as it rests on nothing that failed to be proven; else the log is asked. A
   * conflict means that another commit had claimed the revision first.
   */
  const prove = async (
    appended: Appended,
    after: Folded<State> | undefined,
    command: Command,
    attempts: number,
    way: Way<State>,
  ): Promise<Receipt<State, Event> | Conflict> => {
    const { stream, commandId } = appended.commit;
    const read = await readBack(appended, way);
    if ("_tag" in read) return read;
    let folded: Folded<State>;
    try {
      if (appended.repeated) folded = await states.refresh(stream);
      else {
        const isFounded = after !== undefined && (await way.restsOnProof(appended.head.revision));
        folded = isFounded ? { ...after, head: appended.head } : await states.readTo(stream, appended.head);
      }
    } catch (error) {
      // It stands in the log all the same: "nothing was written" is the one answer that would be wrong.
      if (isStoreFault(error)) throw naming(error, stream, commandId, "unknown");
      throw error;
    }
    if (!appended.repeated) {
      if (decider.shows?.(command, folded.state) === false) throw notShown(stream, commandId, command.type);
      await states.advance(stream, folded);
    }
    return receiptOf(appended, read, codec, folded.state, attempts, await warningsOf(stream));
  };

  const readBack = async (
    appended: Appended,
    way: Way<State>,
  ): Promise<readonly RecordedEvent[] | Conflict> => {
    const end = way.readsBack(appended.head.revision);
    let isProven = false;
    try {
      const read = await store.readBack(appended);
      if (!("_tag" in read)) {
        proveEqual(appended.commit, read, store.supports);
        isProven = true;
      }
      return read;
    } catch (error) {
      // The append was answered: a store that says of its readback that nothing was written speaks of the readback.
      const { stream, commandId } = appended.commit;
      throw isStoreFault(error) ? naming(error, stream, commandId, "unknown") : error;
    } finally {
      end(isProven);
    }
  };

  const nothingToDo = async (
    { commandId, stream }: CommitContext,
    { head, state }: Folded<State>,
    attempts: number,
  ): Promise<Outcome> => {
    // What the answer builds on may have been written by a process that died before its flush.
    await store.confirm(stream, head);
    return E.right(receiptOfNothing(stream, commandId, head, state, attempts, await warningsOf(stream)));
  };

  const withoutWriting = (
    decision: Exclude<Decision<Refusal>, { readonly _tag: "Write" }>,
    context: CommitContext,
    base: Folded<State>,
    attempts: number,
  ): Outcome | Promise<Outcome> =>
    decision._tag === "Refused" ? E.left(decision.refusal) : nothingToDo(context, base, attempts);

  /** A retry gets its first receipt, not the refusal that its own success now causes. */
  const repeat = async (
    context: CommitContext,
    command: Command,
    way: Way<State>,
  ): Promise<Outcome | undefined> => {
    const earlier = await store.findCommand(context.stream, context.commandId);
    if (earlier === undefined) return undefined;
    const commit = { ...earlier, commandDigest: context.commandDigest };
    const appended = await store.append({ commit, expected: expectedOf(earlier.firstRevision - 1) });
    if (appended._tag === "Conflict") return E.left(appended);
    const proven = await prove(appended, undefined, command, 1, way);
    return "_tag" in proven ? E.left(proven) : E.right(proven);
  };

  /** What the stream will be once a commit that was decided on `base` is written. */
  const guessOf = (commit: Commit, base: Folded<State>, known: Folded<State>): Guess<State> => {
    let after: Folded<State> | undefined;
    return {
      digest: (commit.events.at(-1) as EventEnvelope).digest,
      after: () => (after ??= states.evolve(base, commit.events)),
      known,
    };
  };

  /** The furthest state at hand: what those on their way will leave, unless the log is further already. */
  const guessFor = (stream: string): Guess<State> | undefined => {
    const guess = mayGuess ? others.guess(stream) : undefined;
    const kept = states.get(stream);
    if (guess === undefined || kept === undefined) return guess;
    return guess.after().head.revision > kept.head.revision ? guess : undefined;
  };

  const run = async (
    context: CommitContext,
    command: Command,
    options: CommandOptions,
    way: Way<State>,
    races: LostRaces,
  ): Promise<Outcome> => {
    const { stream } = context;
    const { signal, expectedRevision } = options;
    /** A commit that became void has used the id up; a conflict of a store that keeps nobody out has written nothing. */
    let isFreshId = options.commandId === undefined;
    /** An answer that writes nothing is final only if the command has not written something before. */
    const answer = async (nothingWritten: () => Outcome | Promise<Outcome>): Promise<Outcome> =>
      (options.commandId === undefined ? undefined : await repeat(context, command, way)) ?? nothingWritten();

    if (store.prepare !== undefined) await store.prepare(stream);
    let isFresh = false;
    let known = states.get(stream) ?? others.guess(stream)?.known;
    if (known === undefined) ({ known, isFresh } = await states.begin(stream, signal));
    let guess = guessFor(stream);
    for (let attempts = 1; ; attempts += 1) {
      const base = guess?.after() ?? known;
      const expected = revisionOf(base);
      const isElsewhere = expectedRevision !== undefined && expectedRevision !== expected;
      const decision: Decision<Refusal> = isElsewhere
        ? { _tag: "Nothing" }
        : guess === undefined
          ? decideOn(base, command, context)
          : decideOnGuess(base, command, context);
      if (decision._tag !== "Write" && (guess !== undefined || !isFresh)) {
        // Kept state may be behind the log, and a guess ahead of it; only what the log says now may refuse.
        if (guess !== undefined) await way.othersAhead();
        known = await states.refresh(stream, signal);
        guess = undefined;
        isFresh = true;
        attempts -= 1;
        continue;
      }
      if (isElsewhere) {
        const { head } = base;
        return answer(() => E.left({ _tag: "Conflict", stream, expected: expectedRevision, actual: head }));
      }
      if (decision._tag !== "Write") return answer(() => withoutWriting(decision, context, base, attempts));

      const from = known;
      const first = guessOf(decision.commit, base, from);
      way.leaves(first);
      const again: { base?: Folded<State>; decision?: Decision<Refusal>; guess?: Guess<State> } = {};
      const decideAgain = (
        missed: () => readonly EventEnvelope[],
        { digest }: StreamHead,
      ): Commit | undefined => {
        attempts += 1;
        again.base = way.stateAt(digest) ?? states.evolve(from, missed());
        again.decision = decideOn(again.base, command, context);
        if (again.decision._tag !== "Write") return undefined;
        again.guess = guessOf(again.decision.commit, again.base, from);
        way.leaves(again.guess);
        return again.decision.commit;
      };
      const { mark } = from.head;
      const appended = await store.append({
        commit: decision.commit,
        expected,
        hasFreshId: isFreshId,
        ...(guess === undefined ? {} : { known: from.head }),
        ...(mark === undefined ? {} : { mark }),
        ...(expectedRevision === undefined ? { decideAgain } : {}),
        ...(signal === undefined ? {} : { signal }),
      });
      let conflict: Conflict;
      if (appended._tag === "Appended") {
        const written = [again.guess, first].find((one) => one?.digest === appended.head.digest);
        const proven = await prove(appended, written?.after(), command, attempts, way);
        if (!("_tag" in proven)) return E.right(proven);
        conflict = proven;
        isFreshId = false;
      } else {
        conflict = appended;
        if (decidesUnderLock) isFreshId = false;
        // The store kept everybody out while we decided, so that answer is final, if what it was decided on came true.
        const { decision: final, base: newest } = again;
        if (
          final !== undefined &&
          final._tag !== "Write" &&
          newest !== undefined &&
          (await way.othersAhead())
        )
          return answer(() => withoutWriting(final, context, newest, attempts));
      }
      if (expectedRevision !== undefined || !(await races.again(attempts, signal))) {
        // The same command may have come first, sent by another process.
        const late = conflict;
        return decidesUnderLock ? E.left(late) : answer(() => E.left(late));
      }
      known = await states.refresh(stream, signal);
      guess = undefined;
      isFresh = true;
    }
  };

  return {
    attempt: (stream, command, options) => async () => {
      checkOptions(options);
      const { actor, correlationId, causationId, signal } = options;
      const commandId = options.commandId ?? randomness.uuid();
      const leave = await contention.enter(stream, signal);
      const races = contention.lostRaces();
      const way = others.setOut(stream);
      let cameTrue = false;
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
        const outcome = await run(context, command, options, way, races);
        cameTrue = E.isRight(outcome) && !outcome.right.repeated;
        return outcome;
      } catch (error) {
        if (!isStoreFault(error)) throw error;
        // After a fault nothing in memory is believed.
        states.forget(stream);
        others.forget(stream);
        // Where the log lacks events, a command that was tried before may be among them.
        const isOpen = options.commandId !== undefined && error.code === "LOG_CORRUPT";
        return E.left(naming(error, stream, commandId, isOpen ? "unknown" : error.outcome));
      } finally {
        way.arrive(cameTrue);
        races.end();
        leave();
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
