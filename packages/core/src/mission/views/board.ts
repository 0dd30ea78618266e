/** Answers "what stands in which lane, who holds it, since when?". */
import type { Draft } from "immer";
import type { EventMeta, Projection } from "../../kernel/projection.ts";
import type { MissionEvent, PlannedWorkPackage } from "../events.ts";
import { isLane, type Lane } from "../lanes.ts";

export interface Card {
  readonly workPackageId: string;
  readonly title: string;
  readonly lane: Lane;
  /** When it came into the lane: the recorded time, a label. */
  readonly since: string;
  readonly holder: string | null;
  readonly fence: number;
  readonly expiresAt: string | null;
  readonly dependsOn: readonly string[];
  readonly executionLane: string | null;
  readonly subtasks: Readonly<Record<string, boolean>>;
  readonly reviewCycle: number;
  readonly forceCount: number;
  /** Id of the last event that moved it; the source's id for what was imported. `null` before the first move. */
  readonly lastEventId: string | null;
}

export interface Board {
  readonly slug: string;
  readonly title: string;
  readonly missionId: string;
  readonly dependencyMetAt: "approved" | "done";
  readonly importing: boolean;
  readonly cards: Readonly<Record<string, Card>>;
}

type MutableBoard = Draft<Board>;
type MutableCard = Draft<Card>;

export const emptyBoard: Board = {
  slug: "",
  title: "",
  missionId: "",
  dependencyMetAt: "approved",
  importing: false,
  cards: {},
};

const newCard = (planned: PlannedWorkPackage, { recordedAt }: EventMeta): MutableCard => ({
  workPackageId: planned.workPackageId,
  title: planned.title,
  lane: "genesis",
  since: recordedAt,
  holder: null,
  fence: 0,
  expiresAt: null,
  dependsOn: [...planned.dependsOn],
  executionLane: planned.executionLane,
  subtasks: Object.fromEntries(planned.subtasks.map(({ id }) => [id, false])),
  reviewCycle: 0,
  forceCount: 0,
  lastEventId: null,
});

/** Changes one card in place, if the package is known. */
const onCard =
  <Event extends { readonly workPackageId: string }>(
    change: (card: MutableCard, event: Event, meta: EventMeta) => void,
  ) =>
  (board: Board, event: Event, meta: EventMeta): Board => {
    const card = Object.hasOwn(board.cards, event.workPackageId)
      ? board.cards[event.workPackageId]
      : undefined;
    if (card !== undefined) change(card as MutableCard, event, meta);
    return board;
  };

const freed = onCard((card) => {
  card.holder = null;
  card.expiresAt = null;
});

const begun =
  (importing: boolean) =>
  (board: Board, event: Pick<Board, "slug" | "title" | "missionId" | "dependencyMetAt">): Board => {
    const { slug, title, missionId, dependencyMetAt } = event;
    return Object.assign(board as MutableBoard, { slug, title, missionId, dependencyMetAt, importing });
  };

export const board: Projection<Board, MissionEvent> = {
  name: "mission-board",
  // 2: what an undo brings back
  version: 2,
  initial: emptyBoard,
  when: {
    MissionCreated: begun(false),
    ImportBegun: begun(true),
    ImportCompleted: (view) => Object.assign(view as MutableBoard, { importing: false }),
    MissionSettingsChanged: (view, { title, dependencyMetAt }) => {
      if (title !== undefined) (view as MutableBoard).title = title;
      if (dependencyMetAt !== undefined) (view as MutableBoard).dependencyMetAt = dependencyMetAt;
      return view;
    },
    WorkPackageAdded: (view, event, meta) => {
      (view as MutableBoard).cards[event.workPackageId] = newCard(event, meta);
      return view;
    },
    WorkPackageRevised: onCard((card, { title, dependsOn, subtasks, executionLane }) => {
      if (title !== undefined) card.title = title;
      if (dependsOn !== undefined) card.dependsOn = [...dependsOn];
      if (executionLane !== undefined) card.executionLane = executionLane;
      if (subtasks !== undefined)
        card.subtasks = Object.fromEntries(subtasks.map(({ id }) => [id, card.subtasks[id] ?? false]));
    }),
    WorkPackageMoved: onCard((card, { to }, meta) => move(card, to, meta.recordedAt, meta.id)),
    WorkPackageForced: onCard((card, { to }, meta) => {
      card.forceCount += 1;
      move(card, to, meta.recordedAt, meta.id);
    }),
    HistoricTransitionRecorded: onCard((card, { to, at, forced, sourceEventId }) => {
      if (forced) card.forceCount += 1;
      if (to === "for_review") card.reviewCycle += 1;
      move(card, isLane(to) ? to : card.lane, at, sourceEventId);
    }),
    WorkPackageClaimed: onCard((card, { holder, fence, expiresAt }) => {
      card.holder = holder;
      card.fence = fence;
      card.expiresAt = expiresAt;
    }),
    ClaimRenewed: onCard((card, { expiresAt }) => {
      card.expiresAt = expiresAt;
    }),
    ClaimReleased: freed,
    ClaimRecovered: freed,
    SubtaskMarked: onCard((card, { subtaskId, done }) => {
      card.subtasks[subtaskId] = done;
    }),
    HistoricAnnotationRecorded: onCard((card, { delta: { subtasks } }) => {
      if (subtasks === null || typeof subtasks !== "object" || Array.isArray(subtasks)) return;
      for (const [id, mark] of Object.entries(subtasks))
        if (Object.hasOwn(card.subtasks, id)) card.subtasks[id] = mark === "done";
    }),
    ReviewRequested: onCard((card, { cycle }) => {
      card.reviewCycle = cycle;
    }),
    WorkPackageReverted: onCard((card, { subtasksDone }) => {
      if (subtasksDone === undefined) return;
      for (const id of Object.keys(card.subtasks)) card.subtasks[id] = subtasksDone.includes(id);
    }),
  },
  needs: {
    MissionCreated: { data: ["slug", "title", "missionId", "dependencyMetAt"], meta: [] },
    ImportBegun: { data: ["slug", "title", "missionId", "dependencyMetAt"], meta: [] },
    ImportCompleted: { data: [], meta: [] },
    MissionSettingsChanged: { meta: [] },
    WorkPackageAdded: {
      data: ["workPackageId", "title", "dependsOn", "executionLane", "subtasks"],
      meta: ["recordedAt"],
    },
    WorkPackageRevised: {
      data: ["workPackageId", "title", "dependsOn", "executionLane", "subtasks"],
      meta: [],
    },
    WorkPackageMoved: { data: ["workPackageId", "to"], meta: ["id", "recordedAt"] },
    WorkPackageForced: { data: ["workPackageId", "to"], meta: ["id", "recordedAt"] },
    HistoricTransitionRecorded: {
      data: ["workPackageId", "to", "at", "forced", "sourceEventId"],
      meta: [],
    },
    WorkPackageClaimed: { data: ["workPackageId", "holder", "fence", "expiresAt"], meta: [] },
    ClaimRenewed: { data: ["workPackageId", "expiresAt"], meta: [] },
    ClaimReleased: { data: ["workPackageId"], meta: [] },
    ClaimRecovered: { data: ["workPackageId"], meta: [] },
    SubtaskMarked: { data: ["workPackageId", "subtaskId", "done"], meta: [] },
    HistoricAnnotationRecorded: { data: ["workPackageId", "delta"], meta: [] },
    ReviewRequested: { data: ["workPackageId", "cycle"], meta: [] },
    WorkPackageReverted: { data: ["workPackageId", "subtasksDone"], meta: [] },
  },
};

const move = (card: MutableCard, to: Lane, since: string, eventId: string): void => {
  card.lane = to;
  card.since = since;
  card.lastEventId = eventId;
};

/** Cards that are shown, in the order of their ids. */
export const shownCards = ({ cards }: Board): readonly Card[] =>
  Object.values(cards)
    .filter(({ lane }) => lane !== "genesis")
    .sort((a, b) => (a.workPackageId < b.workPackageId ? -1 : 1));
