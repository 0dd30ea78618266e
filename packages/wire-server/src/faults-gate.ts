/** The gate of a server on which things go wrong: who is let in, which node may answer, and which call a fault strikes. */
import type { Admission, WireRight } from "./accounts.ts";
import type { Fault, FaultOrder } from "./faults.ts";
import { type HeldCalls, heldCalls } from "./faults-held.ts";
import { type PauseSwitch, pauseSwitch } from "./faults-pause.ts";
import { type FaultQueue, faultQueue } from "./faults-queue.ts";
import { type ReadFault, readUnder } from "./faults-read.ts";
import { type WriteFault, writeUnder } from "./faults-write.ts";
import type { WireLog } from "./log/log.ts";
import type { Gate, WireCall } from "./rpc/gate.ts";
import { accessDenied, notLeader, notReady } from "./wire/refusals.ts";

/** Where a node stands in its cluster when a call arrives. */
export type Leadership =
  | { readonly _tag: "Leads" }
  /** `leader` is absent while nobody leads. */
  | { readonly _tag: "Follows"; readonly leader?: { readonly host: string; readonly port: number } };

export interface FaultGate extends Gate {
  readonly strike: (order: FaultOrder) => void;
  /** Takes back what has not struck; silent calls end with "not ready", delayed ones go on at once. */
  readonly calm: () => void;
  readonly held: () => number;
  readonly pause: () => void;
  readonly resume: () => void;
  /** The process behind it dies: what waits to be carried out never is. */
  readonly die: () => void;
}

export const faultGate = ({
  log,
  admission,
  leadership,
}: {
  readonly log: WireLog;
  readonly admission: Admission;
  readonly leadership: () => Leadership;
}): FaultGate => {
  const queue: FaultQueue = faultQueue();
  const held: HeldCalls = heldCalls();
  const standstill: PauseSwitch = pauseSwitch();
  const writes = new WeakMap<WireCall, WriteFault>();
  const reads = new WeakMap<WireCall, ReadFault>();

  /** What keeps a call from being looked at happens here; the rest waits for the write or the read. */
  const strike = async (call: WireCall, fault: Fault): Promise<void> => {
    switch (fault.kind) {
      case "cut":
        call.cut(fault.how);
        return held.silence(call.signal);
      case "silence":
        return held.silence(call.signal);
      case "not_leader":
        throw notLeader(fault.endpoint);
      case "not_ready":
        throw notReady();
      case "access_denied":
        throw accessDenied();
      case "delay":
        if (isWrite(call)) writes.set(call, fault);
        else if (isRead(call)) reads.set(call, fault);
        else await held.delay(fault.ms, call.signal);
        return;
      case "lose_reply":
      case "commit_then_cut":
      case "arrive_late":
      case "commit_later":
      case "lie":
      case "reply_twice":
        writes.set(call, fault);
        return;
      case "stale":
      case "truncate":
      case "slow":
        reads.set(call, fault);
    }
  };

  return {
    strike: queue.strike,
    calm: () => {
      queue.calm();
      held.letGo();
    },
    held: held.count,
    pause: standstill.pause,
    resume: standstill.resume,
    die: () => {
      held.drop();
      standstill.drop();
    },
    enter: async (call) => {
      const standing = standstill.over();
      if (standing !== undefined) await standing;
      const right = rightFor(call);
      if (right !== undefined) {
        const refusal = admission.refuse(header(call, "authorization"), right);
        if (refusal !== undefined) throw refusal;
        const node = leadership();
        if (node._tag === "Follows") refuseAsFollower(call, node.leader);
      }
      const fault = call.point === undefined ? undefined : queue.next(call.point, call.stream);
      if (fault !== undefined) await strike(call, fault);
    },
    append: async (call, request, commit) => {
      const fault = writes.get(call);
      const answer =
        fault === undefined
          ? { outcome: await commit(request) }
          : await writeUnder(fault, { call, request, commit, log, held });
      const standing = standstill.over();
      if (standing !== undefined) await standing;
      return answer;
    },
    read: async (call) => {
      const fault = reads.get(call);
      const terms = fault === undefined ? {} : await readUnder(fault, { call, log, held });
      return { ...terms, standstill: standstill.over };
    },
  };
};

const isWrite = ({ point }: WireCall): boolean => point === "append" || point === "batchAppend";
const isRead = ({ point }: WireCall): boolean => point === "read" || point === "subscribe";

const header = ({ metadata }: WireCall, key: string): string | undefined => metadata.get(key)[0]?.toString();

/** Features and gossip are for everybody. Reading the system's streams, `$all` among them, wants more than reading others. */
const rightFor = (call: WireCall): WireRight | undefined => {
  if (call.point === "features" || call.point === "gossip") return undefined;
  if (!isRead(call)) return "append";
  const { stream = "$all" } = call;
  return stream.startsWith("$") && !stream.startsWith("$$") ? "read_all" : "read";
};

/** A follower answers reads and forwards writes, unless the caller insists on the leader or there is none to forward to. */
const refuseAsFollower = (
  call: WireCall,
  leader: { readonly host: string; readonly port: number } | undefined,
): void => {
  if (header(call, "requires-leader")?.toLowerCase() === "true") throw notLeader(leader);
  if (!isRead(call) && leader === undefined) throw notReady();
};
