/** Commits as they were sealed, out of one store and into another: with their ids, times, digests and their order. */
import { type Commit, type EventEnvelope, emptyHead, headOfCommit, type RecordedEvent } from "./event.ts";
import type { Appended, Conflict, EventStore, ReadOptions } from "./event-store.ts";
import { StoreFault } from "./faults.ts";
import type { CancelSignal } from "./ports.ts";
import { proveEqual } from "./proof.ts";

/**
 * The commits that recorded events belong to; those with nothing that `isWanted` are left out. Events of one command stand
 * together in every store, so a new command id or stream begins a new commit. Throws `LOG_CORRUPT` for events without their
 * command.
 */
export async function* commitsOf(
  store: Pick<EventStore, "findCommand">,
  batches: AsyncIterable<readonly RecordedEvent[]>,
  isWanted: (event: RecordedEvent) => boolean = () => true,
): AsyncGenerator<readonly Commit[]> {
  const commitOf = async (events: readonly EventEnvelope[]): Promise<Commit> => {
    const { stream, commandId, revision } = events[0] as EventEnvelope;
    const commit = await store.findCommand(stream, commandId);
    if (commit === undefined || commit.firstRevision !== revision)
      throw withoutCommand(stream, commandId, revision);
    return commit;
  };
  let open: RecordedEvent[] = [];
  for await (const batch of batches) {
    const done: Commit[] = [];
    for (const event of batch) {
      if (!isWanted(event)) continue;
      const [first] = open;
      if (first !== undefined && (first.stream !== event.stream || first.commandId !== event.commandId)) {
        done.push(await commitOf(open));
        open = [];
      }
      open.push(event);
    }
    if (done.length > 0) yield done;
  }
  if (open.length > 0) yield [await commitOf(open)];
}

/** The commits of one stream: those that begin behind `after` and end no later than `to`. */
export const readCommits = (
  store: EventStore,
  stream: string,
  options: ReadOptions,
): AsyncIterable<readonly Commit[]> =>
  store.commits === undefined ? wholeCommits(store, stream, options) : store.commits(stream, options);

async function* wholeCommits(
  store: EventStore,
  stream: string,
  options: ReadOptions,
): AsyncGenerator<readonly Commit[]> {
  const { after = emptyHead, to = Number.MAX_SAFE_INTEGER, signal } = options;
  // The event behind `after` may be in the middle of a command, of which the rest is passed over.
  const begun = await firstBehind(store, stream, options);
  const rest = begun === undefined || begun.firstRevision > after.revision ? 0 : begun.events.length;
  const from = rest === 0 ? after.revision : (begun as Commit).firstRevision + rest - 1;
  const isWanted = ({ revision }: RecordedEvent): boolean => revision > from;
  const batches = store.read(stream, options);
  for await (const commits of commitsOf(store, batches, isWanted)) {
    signal?.throwIfAborted();
    const whole = commits.filter(({ firstRevision, events }) => firstRevision + events.length - 1 <= to);
    if (whole.length > 0) yield whole;
  }
}

const firstBehind = async (
  store: EventStore,
  stream: string,
  options: ReadOptions,
): Promise<Commit | undefined> => {
  for await (const [first] of store.read(stream, { ...options, to: (options.after?.revision ?? -1) + 1 }))
    if (first !== undefined) return store.findCommand(stream, first.commandId);
  return undefined;
};

export interface SealedAppendOptions {
  /** The stream holds exactly what the commit follows, so its command cannot be there. @defaultValue false */
  readonly hasFreshId?: boolean;
  readonly signal?: CancelSignal;
}

/** Appends a commit as it was sealed elsewhere, behind the very event it names; what `readBack` has to be given comes back. */
export const appendSealed = (
  store: EventStore,
  commit: Commit,
  { hasFreshId = false, signal }: SealedAppendOptions = {},
): Promise<Appended | Conflict> => {
  const { firstRevision, previous } = commit;
  return store.append({
    commit,
    expected: firstRevision === 0 ? "no_stream" : firstRevision - 1,
    hasFreshId,
    known: firstRevision === 0 ? emptyHead : { revision: firstRevision - 1, digest: previous },
    ...(signal === undefined ? {} : { signal }),
  });
};

/** Reads back what was appended and proves that it is the very commit; false if another one had come first. Throws `READBACK_FAILED`. */
export const proveSealed = async (
  store: EventStore,
  commit: Commit,
  appended: Appended,
): Promise<boolean> => {
  const read = await store.readBack(appended);
  if ("_tag" in read) return false;
  proveEqual(commit, read, store.supports);
  return true;
};

/** The same of a commit that somebody else may have appended; false if something else stands in its place. */
export const proveThere = async (store: EventStore, commit: Commit): Promise<boolean> => {
  const { stream, firstRevision, previous, events } = commit;
  const after = { revision: firstRevision - 1, digest: previous };
  const read: RecordedEvent[] = [];
  for await (const batch of store.read(stream, { after, to: headOfCommit(commit).revision }))
    read.push(...batch);
  if (events.some(({ digest }, index) => read[index]?.digest !== digest)) return false;
  // Stored bytes are compared by a readback alone.
  proveEqual(commit, read, { ...store.supports, byteReadback: false });
  return true;
};

const withoutCommand = (stream: string, commandId: string, revision: number): StoreFault =>
  new StoreFault(
    "LOG_CORRUPT",
    `${stream} has events of command ${commandId} at revision ${revision} and not the command`,
    {
      outcome: "not_written",
      retryable: false,
      details: { stream, commandId, revision },
    },
  );
