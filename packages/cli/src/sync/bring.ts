/** Brings the ledger of a command to another store, and says what came of it. Never throws. */
import {
  type CancelSignal,
  type Commit,
  type Diagnostic,
  diagnosticOf,
  type EventStore,
  LimitReached,
  limitOf,
  type Progress,
  type ReplicatedStream,
  type ReplicationReport,
  replicate,
} from "@mission-ledger/core";
import { missionCategory, slugOfStream } from "@mission-ledger/core/mission";
import type { CommandContext } from "../command/spec.ts";
import type { SyncDiagnostic, SyncReport } from "../output/envelope.ts";
import { type Problem, usage, withoutPasswords } from "../output/problem.ts";
import { formatAddress, identityOf } from "../store/address.ts";
import type { StoreAddress } from "../store/store-kind.ts";
import { hintOfOther } from "./next-steps.ts";

export interface BringOptions {
  readonly context: Pick<CommandContext, "another" | "clock" | "place" | "sayAt" | "views">;
  readonly from: EventStore;
  readonly to: StoreAddress;
  /** What was written just now. */
  readonly written?: readonly Commit[];
  /** Only these. */
  readonly streams?: readonly string[];
  /** Compares all missions, whatever is remembered. */
  readonly compareAll?: boolean;
  readonly dryRun?: boolean;
  readonly withinMs?: number;
  /** How long a server that fails is asked again. @defaultValue as its store does */
  readonly patienceMs?: number;
  readonly maxFailures?: number;
  readonly signal?: CancelSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface Brought {
  readonly report: SyncReport;
  readonly missions: readonly (Omit<ReplicatedStream, "stream"> & { readonly slug: string })[];
}

/** Milliseconds in which the other store may close itself, whatever else took how long. */
const closesWithinMs = 250;

export const bring = async (options: BringOptions): Promise<Brought> => {
  const { to, context } = options;
  try {
    return answerOf(context, to, await replicated(options));
  } catch (error) {
    const trouble = { ...diagnosticOf("connecting", error), count: 1 };
    return answerOf(context, to, { complete: false, streams: [], equal: 0, events: 0, warnings: [trouble] });
  }
};

const replicated = async ({
  context,
  from,
  to,
  written = [],
  streams,
  compareAll = false,
  dryRun = false,
  withinMs,
  patienceMs,
  maxFailures,
  signal,
  onProgress,
}: BringOptions): Promise<ReplicationReport> => {
  const { at } = await context.place();
  const target = identityOf(to);
  if (at !== null && identityOf(at) === target) throw usage("it would be brought to itself");
  const signalled = signal === undefined ? {} : { signal };
  const began = performance.now();
  const limit = limitOf({ ...(withinMs === undefined ? {} : { withinMs }), ...signalled });
  let store: EventStore | undefined;
  try {
    const opening = context.another(to, patienceMs === undefined ? {} : { patienceMs });
    // Opened too late is closed again, by nobody who waits for it.
    opening.then(
      (late) => {
        if (limit.reached !== undefined && store === undefined) void late.close().catch(() => {});
      },
      () => {},
    );
    store = await limit.within(opening);
    const views = await context.views();
    return await replicate(from, store, {
      categories: [missionCategory],
      written,
      compareAll,
      dryRun,
      clock: context.clock,
      ...(streams === undefined ? {} : { streams }),
      ...(views === undefined ? {} : { memory: { views, target } }),
      ...(withinMs === undefined ? {} : { withinMs: Math.max(1, withinMs - (performance.now() - began)) }),
      ...(maxFailures === undefined ? {} : { maxFailures }),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...signalled,
    });
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
    const code = error.by === "time" ? "TIMEOUT" : "INTERRUPTED";
    const message = error.by === "time" ? "the time was over before it answered" : "it was told to stop";
    const trouble = { code, phase: "connecting", message, details: {}, count: 1 };
    return { complete: false, streams: [], equal: 0, events: 0, warnings: [trouble] };
  } finally {
    limit.end();
    if (store !== undefined)
      await limitOf({ withinMs: closesWithinMs })
        .within(store.close())
        .catch(() => {});
  }
};

const answerOf = (
  context: Pick<CommandContext, "sayAt">,
  to: StoreAddress,
  { complete, streams, equal, events, warnings }: ReplicationReport,
): Brought => ({
  report: {
    to: formatAddress(to),
    complete,
    equal,
    events,
    diagnostics: warnings.map((warning) => shown(context, to, warning)),
  },
  missions: streams.map(({ stream, ...rest }) => ({ slug: slugOfStream(stream), ...rest })),
});

const shown = (
  context: Pick<CommandContext, "sayAt">,
  to: StoreAddress,
  { code, phase, message, hint: given, details, count }: Diagnostic,
): SyncDiagnostic => {
  const hint = given === undefined ? null : hintOfOther(context, to, given);
  const problem: Problem = { code, message, hint, retryable: true, outcome: null, details };
  const hidden = withoutPasswords(problem);
  return {
    code,
    phase,
    message: hidden.message,
    ...(hidden.hint === null ? {} : { hint: hidden.hint }),
    details: hidden.details,
    count,
    fatal: false,
  };
};
