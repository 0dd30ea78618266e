/** What a fault makes of a write that was let in: when it is stored, what is stored, and what the caller hears of it. */
import type { Fault } from "./faults.ts";
import type { HeldCalls } from "./faults-held.ts";
import type { WireLog } from "./log/log.ts";
import { lastRevision } from "./log/visibility.ts";
import type { AppendRequest, WriteOutcome } from "./log/writer.ts";
import type { CommitOptions } from "./quorum.ts";
import type { AppendAnswer, WireCall } from "./rpc/gate.ts";

export type WriteFault = Extract<
  Fault,
  {
    readonly kind:
      | "lose_reply"
      | "commit_then_cut"
      | "arrive_late"
      | "delay"
      | "commit_later"
      | "lie"
      | "reply_twice";
  }
>;

export interface StruckWrite {
  readonly call: WireCall;
  readonly request: AppendRequest;
  readonly commit: (request: AppendRequest, options?: CommitOptions) => Promise<WriteOutcome>;
  readonly log: WireLog;
  readonly held: HeldCalls;
}

export const writeUnder = async (
  fault: WriteFault,
  { call, request, commit, log, held }: StruckWrite,
): Promise<AppendAnswer> => {
  switch (fault.kind) {
    case "lose_reply":
      await commit(request);
      return held.silence(call.signal);
    case "commit_then_cut":
      await commit(request);
      call.cut(fault.how);
      return held.silence(call.signal);
    case "arrive_late":
      await held.postpone(fault.ms);
      return { outcome: await commit(request) };
    case "delay": {
      const outcome = await commit(request);
      await held.delay(fault.ms, call.signal);
      return { outcome };
    }
    case "commit_later": {
      const { ms: holdMs, timeoutMs } = fault;
      return {
        outcome: await commit(request, { holdMs, ...(timeoutMs === undefined ? {} : { timeoutMs }) }),
      };
    }
    case "lie":
      return { outcome: await liedAbout(fault.about, log, request, commit) };
    case "reply_twice":
      return { outcome: await commit(request), copies: 3 };
  }
};

const liedAbout = async (
  about: Extract<WriteFault, { readonly kind: "lie" }>["about"],
  log: WireLog,
  request: AppendRequest,
  commit: StruckWrite["commit"],
): Promise<WriteOutcome> => {
  switch (about) {
    case "revision": {
      const outcome = await commit(request);
      return "revision" in outcome ? { ...outcome, revision: outcome.revision + 1 } : outcome;
    }
    case "nothing_stored": {
      const last = lastRevision(log.stream(request.stream), Number.POSITIVE_INFINITY);
      const before = typeof request.expected === "number" ? request.expected : last;
      const revision = before + request.events.length;
      return { _tag: "Written", revision, position: log.nextPosition(), until: 0 };
    }
    case "other_content":
      return commit({
        ...request,
        events: request.events.map((event) => ({ ...event, data: Buffer.from('{"other":"content"}') })),
      });
  }
};
