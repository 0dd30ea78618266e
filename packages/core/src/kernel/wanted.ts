/** What folds want of events: how wishes are joined, and what is left of an event that has nothing else. */
import type { EventEnvelope } from "./event.ts";
import type { WantedFields } from "./event-store.ts";

/** What at least one of them wants. Wishes about different versions of one type cannot be joined, and get everything. */
export const joinWanted = (
  wishes: readonly ReadonlyMap<string, WantedFields>[],
): ReadonlyMap<string, WantedFields> => {
  const joined = new Map<string, WantedFields>();
  for (const wish of wishes)
    for (const [type, fields] of wish) {
      const earlier = joined.get(type);
      joined.set(type, earlier === undefined ? fields : joinFields(earlier, fields));
    }
  return joined;
};

const joinFields = (one: WantedFields, other: WantedFields): WantedFields => {
  if (one.version !== other.version) return {};
  const { version } = one;
  const data = joinNames(one.data, other.data);
  const meta = joinNames(one.meta, other.meta);
  return {
    ...(data === undefined ? {} : { data }),
    ...(meta === undefined ? {} : { meta }),
    ...(version === undefined ? {} : { version }),
  };
};

/** Absent stands for all. */
const joinNames = <Name extends string>(
  one: readonly Name[] | undefined,
  other: readonly Name[] | undefined,
): readonly Name[] | undefined =>
  one === undefined || other === undefined ? undefined : [...new Set([...one, ...other])];

/** The event with nothing in it that is not wanted: the least that a scan may hand over. */
export const onlyWanted = (
  event: EventEnvelope,
  { data: members, meta, version }: WantedFields,
): EventEnvelope => {
  if (version !== undefined && version !== event.version) return event;
  const data =
    members === undefined
      ? event.data
      : Object.fromEntries(Object.entries(event.data).filter(([key]) => members.includes(key)));
  if (meta === undefined) return { ...event, data };
  const kept = new Set<string>([...alwaysThere, ...meta]);
  const envelope = Object.fromEntries(Object.entries(event).filter(([key]) => kept.has(key)));
  return { ...envelope, data } as unknown as EventEnvelope;
};

const alwaysThere = ["type", "version", "stream", "revision"] as const;
