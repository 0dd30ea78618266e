/** The missions that may have a package worked on in a worktree: the one that is named, those the index knows, or all. */
import { type CancelSignal, deciderFold, loadFold } from "@mission-ledger/core";
import {
  type Ledger,
  type Mission,
  missionCodec,
  mission as missionDecider,
  type OpenMission,
  type WorkPackage,
} from "@mission-ledger/core/mission";
import { isOfOneLog } from "../command/incomplete.ts";
import { openMission } from "../command/refs.ts";
import type { WorktreeIndex } from "../mission-index/worktree-index.ts";
import { checkWhole } from "./whole-log.ts";

export interface MissionsQuestion {
  readonly ledger: Ledger;
  readonly index: WorktreeIndex | undefined;
  /** Id of the worktree's name. */
  readonly worktree: string | undefined;
  readonly mission: string | undefined;
  /** Where the logs are, if they are files. */
  readonly directory: string | null;
  readonly signal: CancelSignal | undefined;
}

type Reading = Pick<MissionsQuestion, "ledger" | "directory" | "signal">;

export interface LookedAt {
  readonly missions: readonly OpenMission[];
  /** How they were found. */
  readonly foundBy: "name" | "index" | "search";
}

/** Throws what is wrong with a log that it has to read: what cannot be read may hold the claim that matters. */
export const missionsFor = async (question: MissionsQuestion): Promise<LookedAt> => {
  const { index, worktree, mission } = question;
  if (mission !== undefined) return { missions: [await readOpen(question, mission)], foundBy: "name" };
  const hinted = worktree === undefined ? undefined : index?.missionsOf(worktree);
  if (index === undefined || worktree === undefined || hinted === undefined)
    return { missions: await search(question, index), foundBy: "search" };
  const missions: OpenMission[] = [];
  for (const slug of hinted) {
    const state = await readWhole(question, slug);
    if (state._tag === "Open") missions.push(state);
    if (state._tag === "Absent" || !Object.values(state.workPackages).some(concerns(worktree)))
      index.drop(worktree, slug);
  }
  return { missions, foundBy: "index" };
};

/** Throws `NOT_FOUND`, and what is wrong with its log. */
export const readOpen = async (question: Reading, slug: string): Promise<OpenMission> => {
  const state = await readWhole(question, slug);
  return state._tag === "Open" ? state : openMission(question.ledger, slug, question.signal);
};

/** Nobody may be let pass by a log that lacks events: the one that ended the work may be among them. */
const readWhole = async ({ ledger, directory, signal }: Reading, slug: string): Promise<Mission> => {
  const { stream } = ledger.mission(slug);
  const { state, gaps } = await loadFold(ledger.store, stream, stateFold, {
    snapshots: ledger.snapshots,
    ...(signal === undefined ? {} : { signal }),
  });
  checkWhole({ stream, slug, gaps, directory });
  return state;
};

const stateFold = deciderFold(missionDecider, missionCodec);

const concerns =
  (worktree: string) =>
  (workPackage: WorkPackage): boolean =>
    worktreesOf(workPackage).includes(worktree);

/** Where a package is worked on, and where it would be taken up again. */
const worktreesOf = ({ lane, claim, implementedIn }: WorkPackage): readonly string[] =>
  [
    ...(lane === "done" || lane === "canceled" ? [] : [implementedIn?.worktree.id]),
    ...(claim?.kind === "implement" ? [claim.workplace?.worktree?.id] : []),
  ].filter((id) => id !== undefined);

/** Reads every mission, from its snapshot where there is one, and puts down what it finds for the next time. */
const search = async (
  question: Reading,
  index: WorktreeIndex | undefined,
): Promise<readonly OpenMission[]> => {
  const missions: OpenMission[] = [];
  const found = new Map<string, Set<string>>();
  let unreadable: unknown;
  for (const slug of await question.ledger.missions())
    try {
      const state = await readWhole(question, slug);
      if (state._tag === "Absent") continue;
      const packages = Object.values(state.workPackages);
      const places = packages.flatMap(worktreesOf);
      for (const id of places) found.set(id, (found.get(id) ?? new Set()).add(slug));
      // Thousands of missions that nobody works on are read and let go of.
      if (places.length > 0 || packages.some(({ claim }) => claim !== null)) missions.push(state);
    } catch (error) {
      if (!isOfOneLog(error)) throw error;
      unreadable ??= error;
    }
  if (unreadable !== undefined) throw unreadable;
  index?.complete(found);
  return missions;
};
