/** A server's log by the rules of section 4 of the facts about EventStoreDB, without a wire: what is written, what is refused, what is hidden. */
import type { GatewayEvent, LogPosition, StoredEvent } from "../gateway-port.ts";

export type Written =
  | { readonly _tag: "Written"; readonly revision: bigint; readonly position?: LogPosition }
  | { readonly _tag: "WrongRevision"; readonly actual: bigint | "no_stream" }
  | { readonly _tag: "Deleted" };

export interface MemoryLog {
  write(stream: string, expected: bigint | "no_stream", events: readonly GatewayEvent[]): Written;
  /** Of one stream, with what is hidden; in their order. */
  stream(stream: string): readonly StoredEvent[];
  /** What a read shows of it; `undefined` where there is nothing to read. Throws `"deleted"` for a tombstone. */
  visible(stream: string): readonly StoredEvent[] | undefined;
  all(): readonly StoredEvent[];
  /** Takes the last events away again, as a restored backup would. */
  lose(stream: string, count: number): void;
  change(stream: string, revision: number, change: (event: StoredEvent) => StoredEvent): void;
  softDelete(stream: string): void;
  tombstone(stream: string): void;
}

const softDeleted = 2n ** 63n - 1n;

export const memoryLog = (): MemoryLog => {
  const records: StoredEvent[] = [];
  const places = new Map<string, number[]>();
  const tombstones = new Set<string>();
  let ticks = 1_000n;

  const ofStream = (stream: string): readonly StoredEvent[] =>
    (places.get(stream) ?? []).map((at) => records[at] as StoredEvent);
  const lastRevision = (stream: string): bigint => BigInt((places.get(stream)?.length ?? 0) - 1);
  const truncatedBefore = (stream: string): bigint => {
    const data = ofStream(`$$${stream}`).at(-1)?.data as { readonly $tb?: string } | undefined;
    return BigInt(data?.$tb ?? 0);
  };
  const mostKept = (stream: string): number | undefined =>
    (ofStream(`$$${stream}`).at(-1)?.data as { readonly $maxCount?: number } | undefined)?.$maxCount;

  const put = (stream: string, events: readonly GatewayEvent[]): Written => {
    const own = places.get(stream) ?? [];
    places.set(stream, own);
    for (const event of events) {
      const revision = BigInt(own.length);
      ticks += 100n;
      const position = { commit: ticks, prepare: ticks };
      own.push(records.push({ ...event, stream, revision, isJson: true, position }) - 1);
    }
    return { _tag: "Written", revision: BigInt(own.length - 1), position: { commit: ticks, prepare: ticks } };
  };

  return {
    write: (stream, expected, events) => {
      if (tombstones.has(stream)) return { _tag: "Deleted" };
      const cur = lastRevision(stream);
      const exp = expected === "no_stream" ? -1n : expected;
      const isDeleted = truncatedBefore(stream) === softDeleted;
      // Any write revives a deleted stream, with its events hidden and its revisions going on.
      const revived = (): Written => {
        put(`$$${stream}`, [
          { id: crypto.randomUUID(), type: "$metadata", data: { $tb: String(cur + 1n) }, metadata: {} },
        ]);
        return put(stream, events);
      };
      // Also where an id stands earlier in the stream: only the expected revision decides.
      if (exp === cur) return isDeleted ? revived() : put(stream, events);
      const wrong: Written = { _tag: "WrongRevision", actual: cur < 0n ? "no_stream" : cur };
      if (exp > cur) return wrong;
      const there = ofStream(stream).slice(Number(exp) + 1, Number(exp) + 1 + events.length);
      // Ids alone are compared.
      const isSame = there.length === events.length && there.every(({ id }, at) => id === events[at]?.id);
      if (isSame) {
        const last = there.at(-1) as StoredEvent;
        return isDeleted || last.position === undefined
          ? { _tag: "Written", revision: last.revision }
          : { _tag: "Written", revision: last.revision, position: last.position };
      }
      return isDeleted && expected === "no_stream" ? revived() : wrong;
    },
    stream: ofStream,
    visible: (stream) => {
      if (tombstones.has(stream)) throw "deleted";
      const all = ofStream(stream);
      const before = truncatedBefore(stream);
      if (all.length === 0 || before === softDeleted) return undefined;
      const most = mostKept(stream);
      return all.filter(({ revision }) => revision >= before).slice(most === undefined ? 0 : -most);
    },
    all: () => records,
    lose: (stream, count) => {
      const own = places.get(stream) ?? [];
      for (const at of own.splice(own.length - count, count))
        records[at] = { ...(records[at] as StoredEvent), stream: "$lost" };
    },
    change: (stream, revision, change) => {
      const at = places.get(stream)?.[revision] as number;
      records[at] = change(records[at] as StoredEvent);
    },
    softDelete: (stream) => {
      put(`$$${stream}`, [
        { id: crypto.randomUUID(), type: "$metadata", data: { $tb: String(softDeleted) }, metadata: {} },
      ]);
    },
    tombstone: (stream) => {
      tombstones.add(stream);
    },
  };
};
