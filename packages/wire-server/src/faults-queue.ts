/** Which call is struck by which fault: orders wait in line, a call takes the first that fits. Knows nothing of the wire. */
import type { Fault, FaultOrder, FaultPoint } from "./faults.ts";

export interface FaultQueue {
  /** Throws a `TypeError` for an order that could never show: a test that relies on it would prove nothing. */
  readonly strike: (order: FaultOrder) => void;
  /** Takes back everything that has not struck yet. */
  readonly calm: () => void;
  /**
   * The fault for this call, taken off the line. A call is struck at most once; an order counts down its `after` for every
   * call that fits it and was not struck by an earlier order.
   */
  readonly next: (at: FaultPoint, stream?: string) => Fault | undefined;
}

interface Waiting {
  readonly order: FaultOrder;
  toLetThrough: number;
  left: number;
}

const anywhere: readonly FaultPoint[] = ["append", "batchAppend", "read", "subscribe", "features", "gossip"];
const writes: readonly FaultPoint[] = ["append", "batchAppend"];
const reads: readonly FaultPoint[] = ["read", "subscribe"];
const streams: readonly FaultPoint[] = [...writes, ...reads];

const possible: Readonly<Record<Fault["kind"], readonly FaultPoint[]>> = {
  lose_reply: writes,
  commit_then_cut: writes,
  cut: anywhere,
  silence: anywhere,
  delay: anywhere,
  arrive_late: writes,
  commit_later: writes,
  not_leader: streams,
  not_ready: anywhere,
  access_denied: streams,
  lie: writes,
  reply_twice: writes,
  stale: ["read"],
  truncate: reads,
  slow: reads,
};

const check = ({ at, fault, times = 1, after = 0, stream }: FaultOrder): void => {
  // Orders also come as JSON from another process.
  if (possible[fault.kind]?.includes(at) !== true)
    throw new TypeError(`"${fault.kind}" cannot happen at "${at}"`);
  if (!(times === Infinity || (Number.isSafeInteger(times) && times > 0)))
    throw new TypeError("times must be a whole number above 0");
  if (!(Number.isSafeInteger(after) && after >= 0)) throw new TypeError("after must be a whole number");
  if (stream !== undefined && !streams.includes(at)) throw new TypeError(`a call at "${at}" has no stream`);
};

export const faultQueue = (): FaultQueue => {
  let line: readonly Waiting[] = [];
  const fits = ({ order }: Waiting, at: FaultPoint, stream: string | undefined): boolean =>
    order.at === at && (order.stream === undefined || (stream !== undefined && order.stream(stream)));

  return {
    strike: (order) => {
      check(order);
      line = [...line, { order, toLetThrough: order.after ?? 0, left: order.times ?? 1 }];
    },
    calm: () => {
      line = [];
    },
    next: (at, stream) => {
      for (const waiting of line) {
        if (!fits(waiting, at, stream)) continue;
        if (waiting.toLetThrough > 0) {
          waiting.toLetThrough -= 1;
          continue;
        }
        waiting.left -= 1;
        if (waiting.left === 0) line = line.filter((other) => other !== waiting);
        return waiting.order.fault;
      }
      return undefined;
    },
  };
};
