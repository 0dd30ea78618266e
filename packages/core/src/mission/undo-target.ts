/** What an undo is about, as the log has it: the command an event belongs to, what stood before it, and what came after. */
import type { RecordedEvent } from "../kernel/event.ts";
import type { EventStore } from "../kernel/event-store.ts";
import { deciderFold, loadFold } from "../kernel/fold.ts";
import type { CancelSignal } from "../kernel/ports.ts";
import type { SnapshotStore } from "../kernel/snapshots.ts";
import type { DoneCommand, MissionSettings } from "./commands.ts";
import { mission } from "./decider.ts";
import { type MissionEvent, missionCodec } from "./events.ts";
import { findWorkPackage, type Mission } from "./state.ts";
import { type Built, firstToUndo } from "./undo-chain.ts";
import { unknownEvent } from "./undo-kinds.ts";

/** Which event is meant: one by its id, or by its revision. */
export type EventName = { readonly eventId: string } | { readonly revision: number };

export interface UndoTarget {
  readonly done: DoneCommand;
  /** The last event that was looked at: what is decided on this holds if the stream still ends here. */
  readonly revision: number;
}

export interface FindUndoTargetOptions {
  readonly store: EventStore;
  readonly stream: string;
  readonly snapshots: SnapshotStore;
  readonly event: EventName;
  /** Look no further than this revision. @defaultValue the end of the stream */
  readonly to?: number;
  /** When it is asked: what is built on it may be under a lease then. */
  readonly at: string;
  readonly signal?: CancelSignal;
}

/** One command as the log has it. */
interface Recorded {
  readonly commandId: string;
  readonly first: number;
  readonly events: RecordedEvent[];
}

/** `undefined` where the stream has no such event. Reads the stream from its first event. */
export const findUndoTarget = async ({
  store,
  stream,
  snapshots,
  event,
  to,
  at,
  signal,
}: FindUndoTargetOptions): Promise<UndoTarget | undefined> => {
  const cancel = signal === undefined ? {} : { signal };
  const isMeant = (one: RecordedEvent): boolean =>
    "eventId" in event ? one.id === event.eventId : one.revision === event.revision;
  let current: Recorded | undefined;
  let target: Recorded | undefined;
  let named: RecordedEvent | undefined;
  const later: Recorded[] = [];
  let revision = -1;
  for await (const batch of store.read(stream, { ...(to === undefined ? {} : { to }), ...cancel }))
    for (const one of batch) {
      revision = one.revision;
      if (current?.commandId !== one.commandId) {
        current = { commandId: one.commandId, first: one.revision, events: [] };
        if (target !== undefined) later.push(current);
      }
      current.events.push(one);
      if (!isMeant(one)) continue;
      named = one;
      target = current;
    }
  if (target === undefined || named === undefined) return undefined;

  const { first, events } = target;
  const spec = deciderFold(mission, missionCodec);
  const stateAt = async (last: number): Promise<Mission> =>
    (await loadFold(store, stream, spec, { snapshots, to: last, ...cancel })).state;
  const [before, after] = [await stateAt(first - 1), await stateAt(first + events.length - 1)];
  const undone = undoneAmong(later);
  const done = doneCommand(target, named, { before, after });
  const inTheWay = eventsInTheWay(later, undone, done.workPackageId);
  // Only where it is refused is it asked how far the way leads that the refusal names.
  const since = inTheWay.size === 0 ? null : firstToUndo(...chainOf(later, inTheWay, after), at);
  return { revision, done: { ...done, isUndone: undone.has(target.commandId), since } };
};

interface Around {
  readonly before: Mission;
  readonly after: Mission;
}

/** As if nothing had come after it. */
const doneCommand = (
  { commandId, events }: Recorded,
  named: RecordedEvent,
  { before, after }: Around,
): DoneCommand => {
  const decoded = events.map(decode);
  const ids = new Set(decoded.flatMap((one) => idOf(one) ?? []));
  const workPackageId = ids.size === 1 ? ([...ids][0] as string) : null;
  const packageIn = (state: Mission) =>
    state._tag === "Absent" || workPackageId === null
      ? null
      : (findWorkPackage(state, workPackageId) ?? null);
  const wereSettings = decoded.some(({ type }) => type === "MissionSettingsChanged");
  return {
    eventId: named.id,
    commandId,
    actor: named.actor,
    events: decoded as readonly MissionEvent[],
    workPackageId,
    before: packageIn(before),
    after: packageIn(after),
    settings:
      wereSettings && before._tag === "Open" && after._tag === "Open"
        ? { before: settingsOf(before), after: settingsOf(after) }
        : null,
    isUndone: false,
    since: null,
  };
};

const decode = (one: RecordedEvent): MissionEvent | { readonly type: typeof unknownEvent } => {
  const known = missionCodec.decode(one);
  return known._tag === "Known" ? known.event : { type: unknownEvent };
};

/** The commands in the way, oldest first, and the state behind all that came later. */
const chainOf = (
  later: readonly Recorded[],
  inTheWay: ReadonlyMap<string, RecordedEvent>,
  from: Mission,
): [chain: readonly Built[], end: Mission] => {
  const chain: Built[] = [];
  let before = from;
  for (const command of later) {
    let after = before;
    for (const one of command.events) {
      const known = missionCodec.decode(one);
      if (known._tag === "Known") after = mission.evolve(after, known.event);
    }
    const event = inTheWay.get(command.commandId);
    if (event !== undefined) {
      const { id: eventId, revision, type } = event;
      chain.push({
        done: doneCommand(command, event, { before, after }),
        event: { eventId, revision, type },
      });
    }
    before = after;
  }
  return [chain, before];
};

const settingsOf = ({ title, dependencyMetAt, targetBranch }: MissionSettings): MissionSettings => ({
  title,
  dependencyMetAt,
  ...(targetBranch === undefined ? {} : { targetBranch }),
});

const idOf = (event: object): string | undefined =>
  "workPackageId" in event && typeof event.workPackageId === "string" ? event.workPackageId : undefined;

/** Which command a command undid. */
const undidBy = ({ events }: Recorded): string | undefined => {
  const { data } =
    events.find(({ type }) => type === "WorkPackageReverted" || type === "MissionSettingsReverted") ?? {};
  return typeof data?.undoneCommand === "string" ? data.undoneCommand : undefined;
};

/** Commands that are undone at the end: an undo that was undone itself has undone nothing. */
const undoneAmong = (later: readonly Recorded[]): ReadonlySet<string> => {
  const undone = new Set<string>();
  for (const command of [...later].reverse()) {
    const undid = undidBy(command);
    if (undid !== undefined && !undone.has(command.commandId)) undone.add(undid);
  }
  return undone;
};

/** Events that leave a package as it is, or only its lease. */
const harmless: ReadonlySet<string> = new Set(["NoteAdded", "ClaimRenewed"]);

/** By the command it belongs to, the first event of each that changed the same and still holds. */
const eventsInTheWay = (
  later: readonly Recorded[],
  undone: ReadonlySet<string>,
  workPackageId: string | null,
): ReadonlyMap<string, RecordedEvent> => {
  const ids = new Set(later.map(({ commandId }) => commandId));
  const found = new Map<string, RecordedEvent>();
  for (const command of later) {
    const undid = undidBy(command);
    // What was undone since, and what undid it, cancel each other out.
    if (undone.has(command.commandId) || (undid !== undefined && ids.has(undid))) continue;
    const event = command.events.find(({ type, data }) =>
      workPackageId === null
        ? type === "MissionSettingsChanged"
        : data.workPackageId === workPackageId && !harmless.has(type),
    );
    if (event !== undefined) found.set(command.commandId, event);
  }
  return found;
};
