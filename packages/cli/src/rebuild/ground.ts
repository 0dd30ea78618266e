/** What a rebuild of mission views stands on, in this thread or in another one. */
import fs from "node:fs";
import path from "node:path";
import type { Ground, StreamProblem } from "@mission-ledger/rebuild";
import { encodeStreamName, findingCodes, glanceAtLog } from "@mission-ledger/store-file";
import { folds } from "../commands/folds.ts";

export const viewNames: readonly string[] = folds.map(({ view }) => view);

/** The folds of these views, in the order of the table; of all where none is named. */
export const foldsOf = (views: readonly string[]): Ground["folds"] =>
  folds.filter(({ view }) => views.length === 0 || views.includes(view)).map(({ spec }) => spec);

/** What people call the view that is stored under this name. */
export const viewOf = (name: string): string => folds.find(({ spec }) => spec.name === name)?.view ?? name;

/** A damaged end shows in no view: what was written last is merely missing. Only log files can have one. */
export const inspectorOf = (directory: string | null): Pick<Ground, "inspect"> =>
  directory === null ? {} : { inspect: (stream) => damagedEnd(directory, stream) };

const damagedEnd = (directory: string, stream: string): StreamProblem | undefined => {
  const found = glanceAtLog({ directory, stream }).findings.find(({ kind }) => kind !== "fork");
  if (found === undefined) return undefined;
  const { kind, offset, why } = found;
  return { stream, code: findingCodes[kind], message: why, details: { stream, offset } };
};

/** Bytes of a log by the event, roughly: only the shares of the missions in the whole matter. */
const bytesPerEvent = 500;

/** About how many events a mission has. Only the sizes of files are known without reading. */
export const weigherOf = (directory: string | null): { readonly weigh?: (stream: string) => number } =>
  directory === null
    ? {}
    : {
        weigh: (stream) => {
          const file = path.join(directory, "log", `${encodeStreamName(stream)}.jsonl`);
          return (fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0) / bytesPerEvent;
        },
      };
