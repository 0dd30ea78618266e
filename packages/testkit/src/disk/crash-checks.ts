/** What must hold on a disk after a crash, by name. A check counts only while some broken store is caught by it. */
import {
  type Commit,
  canonicalJson,
  type EventStore,
  isStoreFault,
  type JsonObject,
  type RecordedEvent,
} from "@mission-ledger/core";
import { appendOnce, crashStream, type HistoryView } from "./history.ts";

export const crashChecks = [
  "the log can be read",
  "nothing acknowledged is lost",
  "nothing is doubled",
  "no revision is skipped",
  "nothing is half applied",
  "what is read is what was written",
  "not written stays unwritten",
  "a retry ends in exactly one",
  "every answer is one of the four",
  "only the disk does damage",
] as const;

export type CrashCheck = (typeof crashChecks)[number];

/** A check that does not hold, and how. */
export interface Breach {
  readonly check: CrashCheck;
  readonly what: string;
}

const messageOf = (error: unknown): string => {
  if (!isStoreFault(error)) return String(error);
  return `${error.code}, ${error.outcome}: ${error.message}`;
};

const eventsOf = async (store: EventStore): Promise<readonly RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const batch of store.read(crashStream)) events.push(...batch);
  return events;
};

/** Holds what is read against what may and must be there. */
const compare = (
  events: readonly RecordedEvent[],
  required: readonly Commit[],
  possible: Commit | undefined,
  refused: Commit | undefined,
): readonly Breach[] => {
  const breaches: Breach[] = [];
  const breach = (check: CrashCheck, what: string): void => {
    breaches.push({ check, what });
  };
  events.forEach(({ revision, commandId }, index) => {
    const before = index === 0 ? -1 : (events[index - 1] as RecordedEvent).revision;
    if (revision > before + 1) breach("no revision is skipped", `${before} is followed by ${revision}`);
    if (revision <= before) breach("nothing is doubled", `${commandId} claims revision ${revision} again`);
  });
  const found = new Map<string, RecordedEvent[]>();
  for (const event of events) {
    const those = found.get(event.commandId) ?? [];
    those.push(event);
    found.set(event.commandId, those);
  }
  const look = (commit: Commit, must: boolean): void => {
    const { commandId } = commit;
    const those = found.get(commandId);
    found.delete(commandId);
    if (those === undefined) {
      if (must) breach("nothing acknowledged is lost", `${commandId} was acknowledged and is not there`);
      return;
    }
    if (those.length > commit.events.length)
      breach("nothing is doubled", `${commandId} has ${those.length} events for ${commit.events.length}`);
    else if (those.length < commit.events.length)
      breach("nothing is half applied", `${commandId} has ${those.length} of ${commit.events.length} events`);
    else if (!those.every((event, index) => isEqual(event, commit.events[index])))
      breach("what is read is what was written", `${commandId} reads otherwise than it was written`);
  };
  for (const commit of required) look(commit, true);
  if (possible !== undefined) look(possible, false);
  if (refused !== undefined && found.delete(refused.commandId))
    breach("not written stays unwritten", `${refused.commandId} was answered with not_written and is there`);
  for (const commandId of found.keys())
    breach("nothing is doubled", `${commandId} is there and nobody asked for it`);
  return breaches;
};

const isEqual = (event: RecordedEvent, written: Commit["events"][number] | undefined): boolean =>
  written !== undefined &&
  event.id === written.id &&
  event.digest === written.digest &&
  canonicalJson(event.data as JsonObject) === canonicalJson(written.data as JsonObject);

/** Why a store may turn a retry away after a crash, and nothing is wrong. */
export type Leniency = (code: string) => boolean;

/**
 * Reads what is there, then asks again for what was not acknowledged, and once more for what was last acknowledged: in the
 * end each command is there exactly once.
 */
export const judgeStore = async (
  store: EventStore,
  { acknowledged, pending, isRefused }: HistoryView,
  mayRefuse: Leniency,
): Promise<{ readonly breaches: readonly Breach[]; readonly refusal?: string }> => {
  let events: readonly RecordedEvent[];
  try {
    events = await eventsOf(store);
  } catch (error) {
    return { breaches: [{ check: "the log can be read", what: messageOf(error) }] };
  }
  const first = compare(
    events,
    acknowledged,
    isRefused ? undefined : pending,
    isRefused ? pending : undefined,
  );
  if (first.length > 0) return { breaches: first };
  const last = acknowledged.at(-1);
  const again = [...(pending === undefined ? [] : [pending]), ...(last === undefined ? [] : [last])];
  for (const commit of again)
    try {
      const { repeated } = await appendOnce(store, commit);
      if (commit === last && !repeated)
        return retryBreach(`${commit.commandId} was acknowledged before and was written again`);
    } catch (error) {
      if (!isStoreFault(error))
        return { breaches: [{ check: "every answer is one of the four", what: messageOf(error) }] };
      const isThere = events.some(({ commandId }) => commandId === commit.commandId);
      if (isThere && error.outcome === "not_written") {
        const what = `${commit.commandId} is there, and again was answered with ${messageOf(error)}`;
        return { breaches: [{ check: "not written stays unwritten", what }] };
      }
      if (mayRefuse(error.code)) return { breaches: [], refusal: error.code };
      return retryBreach(`${commit.commandId} again was answered with ${messageOf(error)}`);
    }
  try {
    const wrong = compare(
      await eventsOf(store),
      [...acknowledged, ...(pending === undefined ? [] : [pending])],
      undefined,
      undefined,
    );
    // It was there before, or was acknowledged just now.
    const lost = "nothing acknowledged is lost";
    return {
      breaches: wrong.map(({ check, what }) => ({
        check: check === lost ? "a retry ends in exactly one" : check,
        what: `after a retry: ${what}`,
      })),
    };
  } catch (error) {
    return { breaches: [{ check: "the log can be read", what: `after a retry: ${messageOf(error)}` }] };
  }
};

const retryBreach = (what: string): { readonly breaches: readonly Breach[] } => ({
  breaches: [{ check: "a retry ends in exactly one", what }],
});
