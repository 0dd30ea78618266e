/** Streams on their way to a replica: some side by side, tried again where that may help, given up together. */
import { type Diagnostic, diagnosticCollector, diagnosticOf } from "./diagnostics.ts";
import type { Commit } from "./event.ts";
import { eventLoopTurns } from "./event-loop-turns.ts";
import type { EventStore } from "./event-store.ts";
import { LedgerError } from "./faults.ts";
import { type Limit, LimitReached } from "./limit.ts";
import { type ReplicationPhase, replicateStream } from "./replicate-stream.ts";

export interface ReplicatedStream {
  readonly stream: string;
  /** Events that were sent and proven now; with `dryRun`, that would have been. */
  readonly events: number;
  /** The target ends where the source ended when it was looked at. */
  readonly equal: boolean;
}

export interface ReplicationReport {
  /** Everything that was to be looked at is equal in both stores; with `dryRun`, was equal already. */
  readonly complete: boolean;
  /** Streams of which something was sent, and those that are not equal. */
  readonly streams: readonly ReplicatedStream[];
  /** How many streams were found or made equal. */
  readonly equal: number;
  /** Events that were sent and proven now; with `dryRun`, that would have been. */
  readonly events: number;
  /**
   * Why it is not complete, and what else went wrong: each kind of trouble once, with how often it was met. What was overcome
   * is not told. Nothing here concerns what the source holds.
   */
  readonly warnings: readonly Diagnostic[];
}

export interface ReplicationRunOptions {
  readonly from: EventStore;
  readonly to: EventStore;
  /** What was written just now; it need not be read. */
  readonly written: readonly Commit[];
  readonly limit: Limit;
  readonly dryRun: boolean;
  readonly maxFailures: number;
  readonly sideBySide: number;
  /** Told how many events were sent so far. */
  readonly onSent: (events: number) => void;
}

export interface ReplicationRun {
  /** Brings over what these lack, unless they were tried before. Rejects with {@link LimitReached} only. */
  bring(streams: readonly string[]): Promise<void>;
  /** Names what is being done, for what it throws. */
  during<A>(phase: ReplicationPhase, action: () => Promise<A>): Promise<A>;
  /** Notes what ended it early. */
  endedBy(error: unknown): void;
  /** Notes that what was brought over will be looked at again. */
  notRemembered(error: unknown): void;
  /** Of the streams that were looked at: those that lacked something, and from where on. */
  readonly lacked: ReadonlyMap<string, number>;
  /** The target has answered. */
  readonly hasCompared: boolean;
  /** Streams that were asked for and are not equal. */
  readonly behind: readonly string[];
  readonly report: ReplicationReport;
}

interface StreamState {
  events: number;
  equal: boolean;
  /** Its own: those side by side are in others. */
  phase: ReplicationPhase;
  troubles: Omit<Diagnostic, "count">[];
  /** It would have been tried again. */
  mayPass: boolean;
}

/** Milliseconds before a stream is tried again: doubled with every failure in a row. */
const [shortestPauseMs, longestPauseMs] = [25, 2_000];

export const replicationRun = ({
  from,
  to,
  written,
  limit,
  dryRun,
  maxFailures,
  sideBySide,
  onSent,
}: ReplicationRunOptions): ReplicationRun => {
  const states = new Map<string, StreamState>();
  const lacked = new Map<string, number>();
  const turn = eventLoopTurns();
  const ends: Omit<Diagnostic, "count">[] = [];
  let phase: ReplicationPhase = "comparing";
  let [sent, failures] = [0, 0];
  let [hasCompared, isCut] = [false, false];
  const isGivenUp = (): boolean => failures >= maxFailures;

  const bringOne = async (stream: string, state: StreamState): Promise<void> => {
    const { lacking } = await replicateStream({
      stream,
      from,
      to,
      written: written.filter((commit) => commit.stream === stream),
      limit,
      dryRun,
      turn,
      onPhase: (next) => {
        phase = next;
        state.phase = next;
      },
      onCompared: ({ revision }) => {
        hasCompared = true;
        if (!lacked.has(stream)) lacked.set(stream, revision + 1);
      },
      onSent: ({ events }) => {
        failures = 0;
        sent += events.length;
        state.events += events.length;
        onSent(sent);
      },
    });
    if (lacking === 0) lacked.delete(stream);
    state.equal = !dryRun || lacking === 0;
    if (dryRun) state.events = lacking;
    failures = 0;
  };

  const work = async (queue: string[]): Promise<void> => {
    for (let stream = queue.shift(); stream !== undefined && !isGivenUp(); stream = queue.shift()) {
      const state = states.get(stream) as StreamState;
      try {
        await bringOne(stream, state);
      } catch (error) {
        if (limit.reached !== undefined) throw limit.reached;
        state.troubles.push(diagnosticOf(state.phase, error));
        state.mayPass = LedgerError.is(error) && error.retryable;
        if (!state.mayPass) continue;
        queue.push(stream);
        failures += 1;
        if (!isGivenUp()) await limit.pause(Math.min(longestPauseMs, shortestPauseMs * 2 ** (failures - 1)));
      }
    }
  };

  return {
    bring: async (streams) => {
      const queue = [...new Set(streams)].filter((stream) => !states.has(stream));
      for (const stream of queue)
        states.set(stream, { events: 0, equal: false, phase: "comparing", troubles: [], mayPass: false });
      const workers = Array.from({ length: Math.min(sideBySide, queue.length) }, () => work(queue));
      const results = await Promise.allSettled(workers);
      for (const result of results) if (result.status === "rejected") throw result.reason;
    },
    during: async (next, action) => {
      phase = next;
      return action();
    },
    endedBy: (error) => {
      const by = limit.reached ?? error;
      isCut = true;
      // What was about to be tried again says why there was not enough time.
      const isTold = [...states.values()].some(({ equal, mayPass }) => !equal && mayPass);
      if (isTold && by instanceof LimitReached && by.by === "time") return;
      ends.push(by instanceof LimitReached ? cutOff(phase, by) : diagnosticOf(phase, by));
    },
    notRemembered: (error) => void ends.push(diagnosticOf("remembering", error)),
    lacked,
    get hasCompared() {
      return hasCompared;
    },
    get behind() {
      return [...states].flatMap(([stream, { equal }]) => (equal ? [] : [stream])).sort();
    },
    get report() {
      const collector = diagnosticCollector();
      for (const { equal, troubles } of states.values())
        if (!equal) for (const trouble of troubles) collector.add(trouble);
      for (const end of ends) collector.add(end);
      const all = [...states].map(([stream, { events, equal }]) => ({ stream, events, equal }));
      return {
        complete: all.every(({ equal }) => equal) && !isCut,
        streams: all.filter(({ events, equal }) => events > 0 || !equal),
        equal: all.filter(({ equal }) => equal).length,
        events: all.reduce((sum, { events }) => sum + events, 0),
        warnings: collector.diagnostics,
      };
    },
  };
};

const cutOff = (phase: ReplicationPhase, { by }: LimitReached): Omit<Diagnostic, "count"> => ({
  code: by === "time" ? "TIMEOUT" : "INTERRUPTED",
  phase,
  message:
    by === "time"
      ? "the time for it was over before everything was brought over"
      : "it was told to stop before everything was brought over",
  hint: "What was not brought over comes with the next run.",
  details: {},
});
