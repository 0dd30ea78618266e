/** What is wanted of events, as a scan asks for each of them. */
import type { WantedFields } from "@mission-ledger/core";

/** What is wanted of the events of one type. */
export interface Wish {
  /** The type's name, as one string for all its events. */
  readonly type: string;
  /** The shape that the rest speaks of: of other versions everything is wanted. */
  readonly version: number | undefined;
  readonly wantsData: boolean;
  readonly wantsId: boolean;
  readonly wantsTime: boolean;
  readonly wantsActor: boolean;
  /** Anything else of the envelope. */
  readonly wantsMore: boolean;
}

export const wishOf = (type: string, { data, meta, version }: WantedFields): Wish => ({
  type,
  version,
  wantsData: data?.length !== 0,
  wantsId: meta?.includes("id") ?? true,
  wantsTime: meta?.includes("recordedAt") ?? true,
  wantsActor: meta?.includes("actor") ?? true,
  wantsMore: meta?.some((name) => !cheap.has(name)) ?? true,
});

/** What {@link Wish} speaks of by name, and what always comes along. */
const cheap: ReadonlySet<string> = new Set([
  "id",
  "recordedAt",
  "actor",
  "type",
  "version",
  "stream",
  "revision",
]);

/** Whether everything of an event is wanted, of which its wish says nothing. */
export const isOfOtherShape = (wish: Wish, version: number): boolean =>
  wish.version !== undefined && wish.version !== version;
