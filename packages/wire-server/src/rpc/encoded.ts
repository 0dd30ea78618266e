/** A record as its reader wants it. */
import type { ReadRequest } from "./read-request.ts";
import type { Service } from "./service.ts";

/** With the target of a link in its place, where links are to be resolved and the target is there. */
export const encoded = ({ log, encodeEvent }: Service, request: ReadRequest, record: number): Buffer => {
  if (request.resolveLinks && log.typeAt(log.typeOf(record)) === "$>") {
    const [, revision, name] = /^(\d+)@(.+)$/s.exec(Buffer.from(log.data(record)).toString("utf8")) ?? [];
    const target = name === undefined ? undefined : log.stream(name)?.records[Number(revision)];
    if (target !== undefined) return encodeEvent(target, request.uuids, record);
  }
  return encodeEvent(record, request.uuids);
};
