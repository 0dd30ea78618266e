/**
 * Writes on their way: taken by the leader, not yet replicated, seen by no reader. Without a quorum they stay so; the caller is
 * told of a timeout and the write appears once the quorum is back. An identical write meanwhile is dropped without a word.
 *
 * Source: EventStoreDB's IndexWriter.CheckCommit (IdempotentNotReady) and runs on a real server.
 */

export interface WriteOnTheWay {
  readonly stream: string;
  /** The revision of the last event expected, -1 for a stream without events. */
  readonly expected: bigint | "any" | "stream_exists";
  /** Of the events, in lower case, in order. */
  readonly ids: readonly string[];
}

export interface ReplicatedLog<Write extends WriteOnTheWay, Answer> {
  /** Of what readers see; -1 for a stream without events. */
  readonly lastRevision: (stream: string) => bigint;
  readonly idAt: (stream: string, revision: bigint) => string | undefined;
  /** What the log says at once because nothing is to be written; undefined for a write that it would take. */
  readonly check: (write: Write) => Answer | undefined;
  readonly append: (write: Write) => Answer;
}

export type Replicated<Answer> =
  | { readonly _tag: "Answered"; readonly answer: Answer }
  /** A write that readers do not see yet stands where this one was to go. */
  | { readonly _tag: "WrongRevision"; readonly current: bigint }
  | { readonly _tag: "TimedOut" };

export interface Replication<Write extends WriteOnTheWay, Answer> {
  /** Always ends: after `timeoutMs` at the latest. `holdMs` keeps the write from readers so long, whatever the quorum. */
  readonly submit: (
    write: Write,
    options?: { readonly holdMs?: number; readonly timeoutMs?: number },
  ) => Promise<Replicated<Answer>>;
  readonly setQuorum: (isThere: boolean) => void;
  /** Readers see at once what was held for a time; what waits for a quorum goes on waiting. */
  readonly release: () => void;
  /** Another leader whose log has none of them: they never appear. */
  readonly abandon: () => void;
  readonly waiting: () => number;
}

interface Waiting<Write, Answer> {
  readonly write: Write;
  isHeld: boolean;
  timer?: NodeJS.Timeout;
  settle: (replicated: Replicated<Answer>) => void;
}

export const replicationOf = <Write extends WriteOnTheWay, Answer>(
  log: ReplicatedLog<Write, Answer>,
  { timeoutMs: usualTimeoutMs = 2_000 }: { readonly timeoutMs?: number } = {},
): Replication<Write, Answer> => {
  let hasQuorum = true;
  let line: readonly Waiting<Write, Answer>[] = [];

  /** In the order of arrival, and never past an earlier write of the same stream. */
  const advance = (): void => {
    if (!hasQuorum) return;
    const blocked = new Set<string>();
    const ready: Waiting<Write, Answer>[] = [];
    for (const waiting of line)
      if (waiting.isHeld || blocked.has(waiting.write.stream)) blocked.add(waiting.write.stream);
      else ready.push(waiting);
    line = line.filter((waiting) => !ready.includes(waiting));
    for (const { write, settle } of ready) settle({ _tag: "Answered", answer: log.append(write) });
  };

  const wait = (write: Write, holdMs: number): Waiting<Write, Answer> => {
    const waiting: Waiting<Write, Answer> = { write, isHeld: holdMs > 0, settle: () => {} };
    if (holdMs > 0)
      waiting.timer = setTimeout(() => {
        waiting.isHeld = false;
        advance();
      }, holdMs).unref();
    line = [...line, waiting];
    return waiting;
  };

  /** The answer of the revision check, with what is on its way counted as if it stood in the stream already. */
  const verdict = (write: Write): "take" | "drop" | { readonly current: bigint } => {
    const ahead = line.filter(({ write: { stream } }) => stream === write.stream);
    const idsAhead = ahead.flatMap(({ write: { ids } }) => ids);
    const seen = log.lastRevision(write.stream);
    const current = seen + BigInt(idsAhead.length);
    if (typeof write.expected !== "bigint") {
      const from = idsAhead.indexOf(write.ids[0] ?? "");
      const isKnown = from >= 0 && write.ids.every((id, at) => idsAhead[from + at] === id);
      return isKnown ? "drop" : "take";
    }
    if (write.expected === current) return "take";
    if (write.expected > current || write.ids.length === 0) return { current };
    const first = write.expected + 1n;
    const isThere = write.ids.every((id, at) => {
      const revision = first + BigInt(at);
      return (
        id === (revision <= seen ? log.idAt(write.stream, revision) : idsAhead[Number(revision - seen - 1n)])
      );
    });
    return isThere ? "drop" : { current };
  };

  const inTime = (
    waiting: Waiting<Write, Answer> | undefined,
    timeoutMs: number,
  ): Promise<Replicated<Answer>> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve({ _tag: "TimedOut" }), timeoutMs).unref();
      if (waiting !== undefined)
        waiting.settle = (replicated) => {
          clearTimeout(timer);
          resolve(replicated);
        };
    });

  return {
    submit: async (write, { holdMs = 0, timeoutMs = usualTimeoutMs } = {}) => {
      const isAhead = line.some(({ write: { stream } }) => stream === write.stream);
      const isSeen =
        typeof write.expected === "bigint" &&
        write.expected + BigInt(write.ids.length) <= log.lastRevision(write.stream);
      if (!isAhead || isSeen) {
        const answer =
          log.check(write) ?? (hasQuorum && holdMs === 0 && !isAhead ? log.append(write) : undefined);
        if (answer !== undefined) return { _tag: "Answered", answer };
      }
      const said = isAhead ? verdict(write) : "take";
      if (typeof said === "object") return { _tag: "WrongRevision", current: said.current };
      return inTime(said === "take" ? wait(write, holdMs) : undefined, timeoutMs);
    },
    setQuorum: (isThere) => {
      hasQuorum = isThere;
      advance();
    },
    release: () => {
      for (const waiting of line) {
        clearTimeout(waiting.timer);
        waiting.isHeld = false;
      }
      advance();
    },
    abandon: () => {
      for (const { timer } of line) clearTimeout(timer);
      line = [];
    },
    waiting: () => line.length,
  };
};
