/** Where projectors keep their views: a view and the place in the log that it has come to, together or not at all. */
import type { StreamHead } from "./event.ts";

/** A view with its projection checkpoint. Both are stored together or not at all. */
export interface Projected<View> {
  readonly view: View;
  /** Position of the last event taken in; `null` before the first. */
  readonly position: string | null;
  /** Events taken in so far. */
  readonly events: number;
  /** The event at `position`: a view whose last event is not in the log is of another log, and is made again. */
  readonly last: LastSeen | null;
  /** The category it was made of: a view of some streams is no view of others. Absent where it was made of all. */
  readonly category?: string;
}

/** Where a stream stood, and which stream. */
export interface LastSeen extends StreamHead {
  readonly stream: string;
}

/**
 * Views by name and version. A cache: losing it costs a rebuild. `testkit` has the cases that every one keeps.
 */
export interface ViewStore {
  /** What was saved last under this name and version; what is missing, damaged or written by a newer release answers `undefined`. */
  load<View>(name: string, version: number): Promise<Projected<View> | undefined>;
  /** Replaces view and checkpoint in one step: whoever dies on the way leaves the former ones. Throws {@link StoreFault}. */
  save<View>(name: string, version: number, projected: Projected<View>): Promise<void>;
  /** Forgets a view; nothing to forget is no error. @defaultValue an empty view is saved in its place */
  drop?(name: string, version: number): Promise<void>;
}

export const memoryViews = (): ViewStore => {
  const kept = new Map<string, string>();
  const keyOf = (name: string, version: number): string => `${version} ${name}`;
  return {
    load: async <View>(name: string, version: number) => {
      const text = kept.get(keyOf(name, version));
      return text === undefined ? undefined : (JSON.parse(text) as Projected<View>);
    },
    save: async (name, version, projected) => {
      kept.set(keyOf(name, version), JSON.stringify(projected));
    },
    drop: async (name, version) => {
      kept.delete(keyOf(name, version));
    },
  };
};
