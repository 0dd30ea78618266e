/** How many threads a rebuild is worth, and what they need to know. */
import type { ViewsOptions } from "@mission-ledger/rebuild";
import type { CommandContext, Place } from "../command/spec.ts";
import type { ThreadPlace } from "./thread.ts";

/**
 * Events from which a second thread pays: it has to load the program and to open the ledger before it folds anything, some 0.1 s.
 * Source: mled rebuild --verify of 103,808 events on two cores, 1.33-1.44 s with one thread and 1.11-1.17 s with two; one thread
 * folds 60,000 in half a second, of which the second one saves as much as it costs.
 */
const worthASecond = 60_000;
/** Beyond that the disk and the memory have nothing more to give. */
const most = 4;

const crewSize = async (asked: number | undefined, events: number): Promise<number> => {
  if (asked !== undefined) return asked;
  if (events < worthASecond) return 1;
  // Loaded only here: what a module costs is felt in every command.
  const { availableParallelism } = await import("node:os");
  return Math.min(most, availableParallelism());
};

interface ThreadsWanted {
  readonly place: Place;
  readonly views: readonly string[];
  readonly asked: number | undefined;
  readonly weights: ReadonlyMap<string, number> | undefined;
  /** Empty where there is nothing to share out. */
  readonly streams: readonly string[];
}

export const threadsFor = async (
  { threadFile, warn }: CommandContext,
  { place: { store, path: at }, views, asked, weights, streams }: ThreadsWanted,
): Promise<Pick<ViewsOptions, "workers">> => {
  const events = streams.reduce((sum, stream) => sum + (weights?.get(stream) ?? 0), 0);
  const count = Math.min(await crewSize(asked, events), streams.length);
  if (count < 2) return {};
  if (threadFile === undefined || store === "host" || at === null) {
    if (asked !== undefined) warn("--workers: one thread works here; threads need the mled program");
    return {};
  }
  const data: ThreadPlace = { store, path: at, views };
  return { workers: { count, file: threadFile, data } };
};
