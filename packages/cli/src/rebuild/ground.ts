/** What a rebuild of mission views stands on, in this thread or in another one. */
import fs from "node:fs";
import path from "node:path";
import type { EventStore } from "@mission-ledger/core";
import { missionStream } from "@mission-ledger/core/mission";
import type { Ground, StreamProblem } from "@mission-ledger/rebuild";
import { encodeStreamName, findingCodes, glanceAtLog } from "@mission-ledger/store-file";
import { emptiedProblem, leftoverMissions } from "../command/leftovers.ts";
import type { Place } from "../command/spec.ts";
import { folds } from "./folds.ts";

export const viewNames: readonly string[] = folds.map(({ view }) => view);

/** The folds of these views, in the order of the table; of all where none is named. */
export const foldsOf = (views: readonly string[]): Ground["folds"] =>
  folds.filter(({ view }) => views.length === 0 || views.includes(view)).map(({ spec }) => spec);

/** What people call the view that is stored under this name. */
export const viewOf = (name: string): string => folds.find(({ spec }) => spec.name === name)?.view ?? name;

/** A damaged end shows in no view: what was written last is merely missing. Only log files can have one. */
export const inspectorOf = (directory: string | null): Pick<Ground, "inspect"> =>
  directory === null ? {} : { inspect: (stream) => damagedEnd(directory, stream) };

/** Missions whose log is gone or emptied, although it had events: their views are the last that tells of them. */
export const lostLogs = (directory: string | null): readonly StreamProblem[] => {
  if (directory === null) return [];
  const { lostLogs: gone, emptiedLogs } = leftoverMissions(directory);
  return [
    ...gone
      .filter(({ hadEvents }) => hadEvents)
      .map(({ slug }) => {
        const stream = missionStream(slug);
        return { stream, code: "STORE_MISSING", message: "its log is gone", details: { stream } };
      }),
    ...emptiedLogs.map((file) => {
      const { stream, code, message } = emptiedProblem(file);
      return { stream, code, message, details: { stream, path: file.path } };
    }),
  ];
};

/** What lies before it is met by reading on across it, since events would be missing there. */
const endBytes = 4_096;

const damagedEnd = (directory: string, stream: string): StreamProblem | undefined => {
  const found = glanceAtLog({ directory, stream, blockBytes: endBytes }).findings.find(
    ({ kind }) => kind !== "fork",
  );
  if (found === undefined) return undefined;
  const { kind, offset, why } = found;
  return { stream, code: findingCodes[kind], message: why, details: { stream, offset } };
};

/** Bytes of a log by the event, roughly: only the shares of the missions in the whole matter. */
const bytesPerEvent = 500;

/** About how many events each stream has, where that is known without reading them: from the size of its file, or its head. */
export const weightsOf = async (
  { store, directory }: Pick<Place, "store" | "directory">,
  events: Pick<EventStore, "head">,
  streams: readonly string[],
): Promise<ReadonlyMap<string, number> | undefined> => {
  if (directory !== null)
    return new Map(
      streams.map((stream) => {
        const file = path.join(directory, "log", `${encodeStreamName(stream)}.jsonl`);
        return [stream, (fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0) / bytesPerEvent];
      }),
    );
  if (store !== "sqlite") return undefined;
  const weights = new Map<string, number>();
  for (const stream of streams) weights.set(stream, (await events.head(stream)).revision + 1);
  return weights;
};
