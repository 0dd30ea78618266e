/** Every view of a mission twice: as commands see it (snapshot and tail) and from the first event. They must be the same. */
import {
  type CancelSignal,
  canonicalJson,
  deciderFold,
  type FoldSpec,
  loadFold,
  noSnapshots,
  projectionFold,
  saveFold,
} from "@mission-ledger/core";
import {
  board,
  claims,
  type Ledger,
  mission,
  missionCodec,
  ready,
  reviews,
} from "@mission-ledger/core/mission";

export interface ComparedView {
  readonly view: string;
  readonly equal: boolean;
  /** The first place where they differ. */
  readonly difference: { readonly path: string; readonly live: unknown; readonly rebuilt: unknown } | null;
}

export interface ComparedMission {
  readonly slug: string;
  readonly revision: number;
  readonly unknownEvents: number;
  readonly views: readonly ComparedView[];
}

/** The state that commands are decided on, and what people look at. */
const folds: readonly { readonly view: string; readonly spec: FoldSpec<unknown> }[] = [
  { view: "state", spec: deciderFold(mission, missionCodec) as FoldSpec<unknown> },
  { view: "board", spec: projectionFold(board, missionCodec) as FoldSpec<unknown> },
  { view: "ready", spec: projectionFold(ready, missionCodec) as FoldSpec<unknown> },
  { view: "claims", spec: projectionFold(claims, missionCodec) as FoldSpec<unknown> },
  { view: "reviews", spec: projectionFold(reviews, missionCodec) as FoldSpec<unknown> },
];

/** With `write`, the rebuilt views become what later commands start from. */
export const compareViews = async (
  { store, snapshots, mission: handleOf }: Ledger,
  slug: string,
  { write, signal }: { readonly write: boolean; readonly signal: CancelSignal | undefined },
): Promise<ComparedMission> => {
  const { stream } = handleOf(slug);
  const cancel = signal === undefined ? {} : { signal };
  const views: ComparedView[] = [];
  let [revision, unknownEvents] = [-1, 0];
  for (const { view, spec } of folds) {
    const rebuilt = await loadFold(store, stream, spec, { snapshots: noSnapshots, ...cancel });
    // Others may have appended in between; both sides are taken at the same revision.
    const live = await loadFold(store, stream, spec, { snapshots, to: rebuilt.head.revision, ...cancel });
    const difference = firstDifference(live.state, rebuilt.state, "");
    views.push({ view, equal: difference === null, difference });
    if (write) await saveFold(snapshots, stream, spec, rebuilt);
    revision = rebuilt.head.revision;
    unknownEvents = Math.max(unknownEvents, rebuilt.unknownEvents);
  }
  return { slug, revision, unknownEvents, views };
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
