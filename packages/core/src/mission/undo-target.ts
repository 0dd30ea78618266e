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

  const { commandId, first, events } = target;
  const decoded = events.map((one): MissionEvent | { readonly type: typeof unknownEvent } => {
    const known = missionCodec.decode(one);
    return known._tag === "Known" ? known.event : { type: unknownEvent };
  });
  const ids = new Set(decoded.flatMap((one) => idOf(one) ?? []));
  const workPackageId = ids.size === 1 ? ([...ids][0] as string) : null;
  const spec = deciderFold(mission, missionCodec);
  const stateAt = async (last: number): Promise<Mission> =>
    (await loadFold(store, stream, spec, { snapshots, to: last, ...cancel })).state;
  const [before, after] = [await stateAt(first - 1), await stateAt(first + events.length - 1)];
  const packageIn = (state: Mission) =>
    state._tag === "Absent" || workPackageId === null
      ? null
      : (findWorkPackage(state, workPackageId) ?? null);
  const undone = undoneAmong(later);
  const wereSettings = decoded.some(({ type }) => type === "MissionSettingsChanged");
  return {
    revision,
    done: {
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
      isUndone: undone.has(commandId),
      since: firstInTheWay(later, undone, workPackageId),
    },
  };
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

const firstInTheWay = (
  later: readonly Recorded[],
  undone: ReadonlySet<string>,
  workPackageId: string | null,
): DoneCommand["since"] => {
  const ids = new Set(later.map(({ commandId }) => commandId));
  for (const command of later) {
    const undid = undidBy(command);
    // What was undone since, and what undid it, cancel each other out.
    if (undone.has(command.commandId) || (undid !== undefined && ids.has(undid))) continue;
    const found = command.events.find(({ type, data }) =>
      workPackageId === null
        ? type === "MissionSettingsChanged"
        : data.workPackageId === workPackageId && !harmless.has(type),
    );
    if (found !== undefined) {
      const { id, revision, type } = found;
      return { eventId: id, revision, type };
    }
  }
  return null;
};
