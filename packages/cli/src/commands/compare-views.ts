/** Every view of a mission twice: as commands see it (snapshot and tail) and from the first event. They must be the same. */
import { type CancelSignal, canonicalJson, loadFold, noSnapshots, saveFold } from "@mission-ledger/core";
import type { Ledger } from "@mission-ledger/core/mission";
import { folds } from "./folds.ts";

export interface ComparedView {
  readonly view: string;
  readonly equal: boolean;
  /** The first place where they differ. */
  readonly difference: { readonly path: string; readonly live: unknown; readonly rebuilt: unknown } | null;
  /** The rebuilt view was written down and came back as written. */
  readonly kept: boolean;
}

export interface ComparedMission {
  readonly slug: string;
  readonly revision: number;
  readonly unknownEvents: number;
  /** More than none: the log lacks records, no view of it is whole, and none was written. */
  readonly gaps: number;
  readonly views: readonly ComparedView[];
}

/** With `write`, the rebuilt views become what later commands start from. */
export const compareViews = async (
  { store, snapshots, mission: handleOf }: Ledger,
  slug: string,
  { write, signal }: { readonly write: boolean; readonly signal: CancelSignal | undefined },
): Promise<ComparedMission> => {
  const { stream } = handleOf(slug);
  const cancel = signal === undefined ? {} : { signal };
  const views: ComparedView[] = [];
  let [revision, unknownEvents, gaps] = [-1, 0, 0];
  for (const { view, spec } of folds) {
    const rebuilt = await loadFold(store, stream, spec, { snapshots: noSnapshots, ...cancel });
    // Others may have appended in between; both sides are taken at the same revision.
    const live = await loadFold(store, stream, spec, { snapshots, to: rebuilt.head.revision, ...cancel });
    const difference = firstDifference(live.state, rebuilt.state, "");
    gaps = Math.max(gaps, rebuilt.gaps);
    let kept = false;
    if (write && gaps === 0) {
      await saveFold(snapshots, stream, spec, rebuilt);
      // A cache never throws; whether it took the view is seen only by asking for it.
      const { head } = (await snapshots.load({ stream, name: spec.name, version: spec.version })) ?? {};
      kept = head?.revision === rebuilt.head.revision && head.digest === rebuilt.head.digest;
    }
    views.push({ view, equal: difference === null, difference, kept });
    revision = rebuilt.head.revision;
    unknownEvents = Math.max(unknownEvents, rebuilt.unknownEvents);
  }
  return { slug, revision, unknownEvents, gaps, views };
};

const firstDifference = (live: unknown, rebuilt: unknown, path: string): ComparedView["difference"] => {
  if (isObject(live) && isObject(rebuilt)) {
    for (const key of [...new Set([...Object.keys(live), ...Object.keys(rebuilt)])].sort()) {
      const found = firstDifference(live[key], rebuilt[key], path === "" ? key : `${path}.${key}`);
      if (found !== null) return found;
    }
    return null;
  }
  return textOf(live) === textOf(rebuilt) ? null : { path, live: live ?? null, rebuilt: rebuilt ?? null };
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

const textOf = (value: unknown): string => (value === undefined ? "" : canonicalJson(value));
