/** A ledger read again from its first event to its last: what there is, and what is not as it should be. Writes nothing. */
import { type CancelSignal, LedgerError } from "@mission-ledger/core";
import { type Ledger, missionCategory, missionStream } from "@mission-ledger/core/mission";
import { checkLog, type LogProblem, saysNothingOfLogs } from "../command/check-log.ts";
import { emptiedProblem, leftoverMissions } from "../command/leftovers.ts";
import type { CommandContext } from "../command/spec.ts";
import { withoutStop } from "../command/write.ts";
import { shownProblem } from "../rebuild/problem.ts";
import { type ComparedView, compareViews } from "./compare-views.ts";
import { type InspectedDatabase, inspectDatabaseOf, selectInspected } from "./inspect-database.ts";
import { checkForgotten, checkRemembered } from "./remembered.ts";

export interface VerifiedMission {
  readonly slug: string;
  readonly stream: string;
  readonly events: number;
  readonly records: number | null;
  readonly bytes: number | null;
  /** Events whose digest was computed again and whose link to the one before holds. */
  readonly digests: number;
  readonly tornBytes: number;
  readonly sealedFragments: number;
  readonly suspect: boolean;
  readonly unknownEvents: number;
  readonly views: readonly ComparedView[];
  readonly problems: readonly LogProblem[];
}

export interface VerifiedLedger {
  /** `undefined` where no database keeps the ledger. */
  readonly database: InspectedDatabase | undefined;
  readonly missions: readonly VerifiedMission[];
  /** Of the ledger as a whole, and of each mission. */
  readonly problems: readonly LogProblem[];
}

/** All of it, or one mission. Throws where the store cannot be asked, which says nothing of what it holds. */
export const verifyLedger = async (
  context: CommandContext,
  mission: string | undefined,
  signal: CancelSignal | undefined,
): Promise<VerifiedLedger> => {
  const ledger = await context.ledger();
  const { directory, store } = await context.place();
  const database = await inspectDatabaseOf(context, signal);
  const emptied = directory === null ? [] : leftoverMissions(directory).emptiedLogs;
  const gone = emptied.filter(({ slug }) => mission === undefined || mission === slug);
  const selected =
    gone.length > 0 && mission !== undefined ? [] : await selectInspected(ledger, mission, database);
  const slugs = selected.filter((slug) => !gone.some((file) => file.slug === slug));
  const streams = new Set(slugs.map(missionStream));
  const missions: VerifiedMission[] = [];
  for (const slug of slugs) missions.push(await verifyMission(ledger, slug, { directory, database }, signal));
  // Rows that are damaged may be all that is wrong with a mission that nobody can list.
  const forgotten =
    mission === undefined && (database?.problems.length ?? 0) === 0
      ? await checkForgotten(ledger, new Set(slugs), signal)
      : [];
  const order =
    mission === undefined
      ? await checkOrder(context, ledger, missions, {
          isDamaged: (database?.problems.length ?? 0) > 0,
          isServer: store === "eventstoredb",
          signal,
        })
      : [];
  return {
    database,
    missions,
    problems: [
      ...(database?.problems ?? []).filter(
        ({ stream }) => stream === "" || (mission === undefined && !streams.has(stream)),
      ),
      ...missions.flatMap(({ problems }) => problems),
      ...gone.map(emptiedProblem),
      ...forgotten,
      ...order,
    ],
  };
};

interface Kept {
  readonly directory: string | null;
  readonly database: InspectedDatabase | undefined;
}

const verifyMission = async (
  ledger: Ledger,
  slug: string,
  { directory, database }: Kept,
  signal: CancelSignal | undefined,
): Promise<VerifiedMission> => {
  const stream = missionStream(slug);
  const {
    events,
    digests,
    report,
    problems: found,
  } = await checkLog(ledger, stream, directory, {
    digests: true,
    known: database?.problems.filter((problem) => problem.stream === stream) ?? [],
    signal,
  });
  // A damaged log is known not to hold everything; why it does not hold this is no second finding.
  const problems = found.length > 0 ? found : await checkRemembered(ledger, stream, signal);
  const compared = problems.length > 0 ? undefined : await compareViews(ledger, slug, { signal });
  return {
    slug,
    stream,
    events,
    records: report?.records ?? database?.commandsOf(stream) ?? null,
    bytes: report?.bytes ?? null,
    digests,
    tornBytes: report?.tornBytes ?? 0,
    sealedFragments: report?.sealedFragments ?? 0,
    suspect: report?.suspect ?? false,
    unknownEvents: compared?.unknownEvents ?? 0,
    views: compared?.views ?? [],
    problems:
      compared?.problem === null || compared === undefined ? problems : [shownProblem(compared.problem)],
  };
};

/** The log as one: each event of each mission comes once, in order, at positions that grow. */
const checkOrder = async (
  { warn, say }: CommandContext,
  ledger: Ledger,
  missions: readonly VerifiedMission[],
  {
    isDamaged,
    isServer,
    signal,
  }: { readonly isDamaged: boolean; readonly isServer: boolean; readonly signal: CancelSignal | undefined },
): Promise<readonly LogProblem[]> => {
  const next = new Map<string, number>();
  const problems: LogProblem[] = [];
  let last = "";
  try {
    for await (const batch of ledger.store.readAll({
      category: missionCategory,
      ...(signal === undefined ? {} : { signal }),
    }))
      for (const { stream, revision, position } of batch) {
        if (revision !== (next.get(stream) ?? 0) || position <= last)
          problems.push({
            code: "LOG_CORRUPT",
            stream,
            revision,
            offset: null,
            message: "the event is out of order in the whole log",
          });
        next.set(stream, revision + 1);
        last = position;
      }
  } catch (error) {
    if (signal?.aborted === true || !LedgerError.is(error) || saysNothingOfLogs(error)) throw error;
    // An ordinary account may read every mission and not the whole log, until an administrator grants it.
    if (isServer && error.code === "PERMISSION_DENIED") {
      warn(
        `the order of the whole log was not looked at: ${withoutStop(error.message)}; next: ${say("doctor")}`,
      );
      return [];
    }
    const known = isDamaged || missions.some((mission) => mission.problems.length > 0);
    return known
      ? []
      : [{ code: error.code, stream: "", revision: null, offset: null, message: error.message }];
  }
  for (const { stream, events } of missions)
    if ((next.get(stream) ?? 0) < events)
      problems.push({
        code: "LOG_CORRUPT",
        stream,
        revision: next.get(stream) ?? 0,
        offset: null,
        message: "the event is missing in the whole log",
      });
  return problems.slice(0, 1_000);
};
