/** How many threads a rebuild is worth, and what they need to know. */
import type { ViewsOptions } from "@mission-ledger/rebuild";
import type { CommandContext, Place } from "../command/spec.ts";
import { cacheFolderOf } from "../place/user-folders.ts";
import { revealAddress } from "../store/address.ts";
import type { ThreadPlace } from "./thread.ts";

/**
 * Events from which a second thread pays: both have to load the program and to open the ledger before they fold anything. Source:
 * `mled rebuild --verify` with one thread and with two, best of four on two busy cores: 0.11 and 0.24 s for two events, 1.33
 * and 1.11 s for 103,808. The two lines meet at 40,000; below 60,000 there is too little to gain.
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
  { threadFile, warn, env }: CommandContext,
  { place: { at }, views, asked, weights, streams }: ThreadsWanted,
): Promise<Pick<ViewsOptions, "workers">> => {
  const events = streams.reduce((sum, stream) => sum + (weights?.get(stream) ?? 0), 0);
  const count = Math.min(await crewSize(asked, events), streams.length);
  if (count < 2) return {};
  if (threadFile === undefined || at === null) {
    if (asked !== undefined) warn("--workers: one thread works here; threads need the mled program");
    return {};
  }
  const data: ThreadPlace = { address: revealAddress(at), cacheFolder: cacheFolderOf(env), views };
  return { workers: { count, file: threadFile, data } };
};
