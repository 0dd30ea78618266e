/** What is wanted of events, looked up once and not for each of them. */
import type { EventEnvelope, WantedFields } from "@mission-ledger/core";

/** {@link WantedFields}, looked up once and not for each event. */
export interface Wish {
  readonly version: number | undefined;
  readonly fields: WantedFields;
  readonly wants: Readonly<Record<Exclude<keyof EventEnvelope, "data">, boolean>>;
}

const wishes = new WeakMap<ReadonlyMap<string, WantedFields>, ReadonlyMap<string, Wish>>();

/** The same for every stream that is scanned for them. */
export const wishesOf = (wanted: ReadonlyMap<string, WantedFields>): ReadonlyMap<string, Wish> => {
  const known = wishes.get(wanted);
  if (known !== undefined) return known;
  const looked = new Map(Array.from(wanted, ([type, fields]) => [type, wishOf(fields)]));
  wishes.set(wanted, looked);
  return looked;
};

const wishOf = (fields: WantedFields): Wish => {
  const { meta, version } = fields;
  const wants = (name: Exclude<keyof EventEnvelope, "data">): boolean => meta?.includes(name) ?? true;
  return {
    version,
    fields,
    wants: {
      id: wants("id"),
      type: true,
      version: true,
      stream: true,
      revision: true,
      recordedAt: wants("recordedAt"),
      actor: wants("actor"),
      commandId: wants("commandId"),
      correlationId: wants("correlationId"),
      causationId: wants("causationId"),
      previous: wants("previous"),
      digest: wants("digest"),
    },
  };
};

export const everything: Wish = wishOf({});
