/** Decisions that no longer hold: what a branch had reached for its work packages and the stream that goes on does not show. */
import type { RecordedEvent } from "@mission-ledger/core";
import {
  type Mission,
  mission,
  missionCodec,
  timelineEntry,
  type WorkPackage,
} from "@mission-ledger/core/mission";

export interface LostDecision {
  readonly workPackageId: string;
  readonly kind: "work_package" | "lane" | "claim" | "review";
  /** As the branch had it. */
  readonly was: string;
  /** As it is now; `null` if there is no such work package or claim. */
  readonly is: string | null;
  readonly text: string;
}

export interface DemotedCommand {
  readonly commandId: string;
  readonly actor: string;
  readonly at: string;
  readonly workPackageId: string | null;
  readonly types: readonly string[];
  /** What it did, in the words of the timeline. */
  readonly text: string;
}

const foldOf = (events: readonly RecordedEvent[]): Mission => {
  let state: Mission = mission.initial;
  for (const event of events) {
    const decoded = missionCodec.decode(event);
    if (decoded._tag === "Known") state = mission.evolve(state, decoded.event);
  }
  return state;
};

/**
 * @param base events that both sides share
 * @param branch events of the branch beyond them
 * @param now events of the stream as it goes on, from its start
 */
export const lostDecisions = (
  base: readonly RecordedEvent[],
  branch: readonly RecordedEvent[],
  now: readonly RecordedEvent[],
): readonly LostDecision[] => {
  const [before, there, here] = [base, [...base, ...branch], now].map(packagesIn) as [
    Packages,
    Packages,
    Packages,
  ];
  return [...there.values()].flatMap((was) => changesOf(was, before.get(was.id), here.get(was.id)));
};

type Packages = ReadonlyMap<string, WorkPackage>;

const packagesIn = (events: readonly RecordedEvent[]): Packages => {
  const state = foldOf(events);
  return new Map(state._tag === "Open" ? Object.entries(state.workPackages) : []);
};

const changesOf = (
  was: WorkPackage,
  before: WorkPackage | undefined,
  is: WorkPackage | undefined,
): readonly LostDecision[] => {
  const about = { workPackageId: was.id };
  if (is === undefined) {
    const text = `${was.id} (${was.title}) is not part of the mission any more`;
    return [{ ...about, kind: "work_package", was: was.title, is: null, text }];
  }
  const lost: LostDecision[] = [];
  if (was.lane !== before?.lane && was.lane !== is.lane)
    lost.push({
      ...about,
      kind: "lane",
      was: was.lane,
      is: is.lane,
      text: `${was.id} was ${was.lane} there and is ${is.lane}`,
    });
  if (
    was.claim !== null &&
    was.claim.holder !== before?.claim?.holder &&
    was.claim.holder !== is.claim?.holder
  ) {
    const holder = is.claim?.holder ?? null;
    const text = `${was.id} was claimed by ${was.claim.holder} there and is ${holder === null ? "not claimed" : `claimed by ${holder}`}`;
    lost.push({ ...about, kind: "claim", was: was.claim.holder, is: holder, text });
  }
  const [judged, judgedBefore, judgedNow] = [was, before, is].map(verdictOf) as [
    string | null,
    string | null,
    string | null,
  ];
  if (judged !== null && judged !== judgedBefore && judged !== judgedNow) {
    const text = `${was.id} was judged there (${judged}) and is ${judgedNow === null ? "not judged" : `judged ${judgedNow}`}`;
    lost.push({ ...about, kind: "review", was: judged, is: judgedNow, text });
  }
  return lost;
};

const verdictOf = (workPackage: WorkPackage | undefined): string | null => {
  const verdict = workPackage?.verdict ?? null;
  return verdict === null ? null : `${verdict.verdict} by ${verdict.reviewer}, cycle ${verdict.cycle}`;
};

/** One entry for each command, in order. */
export const demotedCommands = (events: readonly RecordedEvent[]): readonly DemotedCommand[] => {
  const commands = new Map<string, RecordedEvent[]>();
  for (const event of events) {
    const known = commands.get(event.commandId);
    if (known === undefined) commands.set(event.commandId, [event]);
    else known.push(event);
  }
  return [...commands.entries()].map(([commandId, its]) => {
    const entries = its.map(timelineEntry);
    const [first] = entries as [(typeof entries)[number], ...typeof entries];
    return {
      commandId,
      actor: first.actor,
      at: first.at,
      workPackageId: entries.find((entry) => entry.workPackageId !== null)?.workPackageId ?? null,
      types: its.map(({ type }) => type),
      text: entries.map(({ text }) => text).join("; "),
    };
  });
};
