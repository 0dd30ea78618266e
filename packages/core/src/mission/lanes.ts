/** The lane table: every lane, where it may lead, and what each exit asks for. Code, CLI, docs and properties read it. */

export type Lane =
  | "genesis"
  | "planned"
  | "claimed"
  | "in_progress"
  | "for_review"
  | "in_review"
  | "approved"
  | "done"
  | "blocked"
  | "canceled";

/** What has to hold for an exit. Each is computed from the log; none can be asserted by a caller. */
export type Guard =
  /** Every package this one depends on stands at the mission's `dependencyMetAt` lane, or beyond. */
  | "dependencies_met"
  /** Nobody holds the package. */
  | "unclaimed"
  /** No other package of the same execution lane is claimed or in progress. */
  | "execution_lane_free"
  /** The actor holds the package's claim, and the fence it brought, if any, is the newest. */
  | "holder"
  /** As `holder`, if somebody holds the package at all. */
  | "holder_if_held"
  /** Every subtask is marked done. */
  | "subtasks_done"
  /** Evidence was recorded since the work was claimed. */
  | "evidence_recorded"
  /** The actor did not implement what is to be reviewed. */
  | "not_self"
  /** The actor has implemented the package. */
  | "implementer"
  /** The actor's verdict on the subject under review is `approved`. */
  | "verdict_approved"
  /** The actor's verdict on the subject under review is `changes_requested`. */
  | "verdict_changes_requested"
  /** It came to `approved` by a verdict, or so in an imported history; not by force. */
  | "approval_on_record"
  /** The package was in this lane when it was blocked. */
  | "came_from"
  /** A reason that is not blank. */
  | "reason"
  /** A link to what made the reopening necessary. */
  | "link";

/** Which kind of command walks an exit: a plain move, a grant or end of a claim, a verdict, or the seeding of the plan. */
export type Via = "move" | "claim" | "release" | "verdict" | "seed";

export interface Exit {
  readonly to: Lane;
  readonly via: readonly Via[];
  readonly guards: readonly Guard[];
}

export type Category = "not_started" | "in_flight" | "review" | "terminal";
export type BoardColumn =
  | "Planned"
  | "Doing"
  | "For review"
  | "In review"
  | "Approved"
  | "Done"
  | "Blocked"
  | "Canceled";

export interface LaneFacts {
  readonly label: string;
  readonly category: Category;
  readonly column: BoardColumn;
  /** Whether the lane is ever shown; `genesis` is not. */
  readonly shown: boolean;
  readonly terminal: boolean;
  /** Share of the work that counts as done in this lane, 0 to 1. */
  readonly weight: number;
  readonly exits: readonly Exit[];
}

const exit = (to: Lane, via: Via | readonly Via[], ...guards: readonly Guard[]): Exit => ({
  to,
  via: typeof via === "string" ? [via] : via,
  guards,
});
const toBlocked: Exit = exit("blocked", "move", "holder_if_held", "reason");
const toCanceled: Exit = exit("canceled", "move", "reason");

/** Source: the edges of Spec Kitty's status graph, with guarded everyday edges in place of force and no way round review. */
export const lanes: Readonly<Record<Lane, LaneFacts>> = {
  genesis: {
    label: "Genesis",
    category: "not_started",
    column: "Planned",
    shown: false,
    terminal: false,
    weight: 0,
    exits: [exit("planned", ["seed", "move"]), toCanceled],
  },
  planned: {
    label: "Planned",
    category: "not_started",
    column: "Planned",
    shown: true,
    terminal: false,
    weight: 0,
    exits: [
      exit("claimed", "claim", "unclaimed", "dependencies_met", "execution_lane_free"),
      toBlocked,
      toCanceled,
    ],
  },
  claimed: {
    label: "Claimed",
    category: "in_flight",
    column: "Doing",
    shown: true,
    terminal: false,
    weight: 0.05,
    exits: [
      exit("in_progress", "move", "holder"),
      exit("planned", ["release", "move"], "holder"),
      toBlocked,
      toCanceled,
    ],
  },
  in_progress: {
    label: "In progress",
    category: "in_flight",
    column: "Doing",
    shown: true,
    terminal: false,
    weight: 0.3,
    exits: [
      exit("for_review", "move", "holder", "subtasks_done", "evidence_recorded"),
      exit("planned", ["release", "move"], "holder", "reason"),
      toBlocked,
      toCanceled,
    ],
  },
  for_review: {
    label: "For review",
    category: "review",
    column: "For review",
    shown: true,
    terminal: false,
    weight: 0.6,
    exits: [
      exit("in_review", "claim", "unclaimed", "not_self"),
      exit("in_progress", "move", "implementer", "execution_lane_free"),
      toBlocked,
      toCanceled,
    ],
  },
  in_review: {
    label: "In review",
    category: "review",
    column: "In review",
    shown: true,
    terminal: false,
    weight: 0.7,
    exits: [
      exit("approved", "verdict", "holder", "verdict_approved"),
      exit("done", "verdict", "holder", "verdict_approved"),
      exit("in_progress", "verdict", "holder", "verdict_changes_requested", "execution_lane_free"),
      exit("planned", "verdict", "holder", "verdict_changes_requested"),
      exit("for_review", ["release", "move"], "holder"),
      toBlocked,
      toCanceled,
    ],
  },
  approved: {
    label: "Approved",
    category: "review",
    column: "Approved",
    shown: true,
    terminal: false,
    weight: 0.8,
    exits: [
      exit("done", "move", "approval_on_record"),
      exit("in_progress", "move", "reason", "execution_lane_free"),
      exit("planned", "move", "reason"),
      toBlocked,
      toCanceled,
    ],
  },
  done: {
    label: "Done",
    category: "terminal",
    column: "Done",
    shown: true,
    terminal: true,
    weight: 1,
    exits: [exit("in_progress", "move", "reason", "link", "execution_lane_free")],
  },
  blocked: {
    label: "Blocked",
    category: "in_flight",
    column: "Blocked",
    shown: true,
    terminal: false,
    weight: 0,
    exits: [
      exit("planned", "move"),
      exit("claimed", "move", "came_from", "execution_lane_free"),
      exit("in_progress", "move", "came_from", "execution_lane_free"),
      exit("for_review", "move", "came_from"),
      exit("in_review", "move", "came_from"),
      exit("approved", "move", "came_from"),
      toCanceled,
    ],
  },
  canceled: {
    label: "Canceled",
    category: "terminal",
    column: "Canceled",
    shown: true,
    terminal: true,
    weight: 0,
    exits: [],
  },
};

export const laneNames: readonly Lane[] = Object.keys(lanes) as Lane[];

/** Lanes that can be asked for: all but `genesis`. */
export const shownLanes: readonly Lane[] = laneNames.filter((lane) => lanes[lane].shown);

export const isLane = (text: string): text is Lane => Object.hasOwn(lanes, text);

export const findExit = (from: Lane, to: Lane): Exit | undefined =>
  lanes[from].exits.find((candidate) => candidate.to === to);

export const exitsVia = (from: Lane, via: Via): readonly Exit[] =>
  lanes[from].exits.filter((candidate) => candidate.via.includes(via));

/** Where a package goes when the claim on it ends without the work being handed over. */
export const laneAfterRelease: Readonly<Partial<Record<Lane, Lane>>> = {
  claimed: "planned",
  in_progress: "planned",
  in_review: "for_review",
};
