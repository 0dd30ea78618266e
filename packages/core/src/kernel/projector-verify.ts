/** Comparing a stored view with what the log makes of it, without writing anything. */
import { type Difference, differencesBetween, type ValuePath, valueAt } from "./differences.ts";
import type { RecordedEvent } from "./event.ts";
import type { EventBatch } from "./event-store.ts";
import { privateCopy } from "./fold.ts";
import type { OnProgress, ProgressMeter } from "./progress.ts";
import type { Projected } from "./view-store.ts";

export type Verified =
  /** The stored view is what the log makes of its events up to the stored position. */
  | { readonly _tag: "Equal"; readonly events: number }
  | {
      readonly _tag: "Differs";
      readonly events: number;
      /** The first twenty at most. */
      readonly differences: readonly ExplainedDifference[];
      /** How many differ besides. */
      readonly more: number;
    }
  /** Nothing is stored under the projection's name and version. */
  | { readonly _tag: "Missing" }
  /** The event that the view took in last is not in the log: it is of another log, or of a branch that lost. */
  | { readonly _tag: "Foreign"; readonly events: number };

/** One place where the stored view (`before`) is not what the log makes of it (`after`). */
export type ExplainedDifference = Difference & {
  /** The event that made the true value, or took the key away. Absent where it is as it was before the first event. */
  readonly madeBy?: MakingEvent;
};

export type MakingEvent = Pick<
  RecordedEvent,
  "id" | "type" | "stream" | "revision" | "position" | "recordedAt" | "actor"
>;

/** Each is looked at after every event, so there is an end to them. */
const mostExplained = 20;

export interface VerifyViewOptions<View> {
  readonly stored: Projected<View>;
  readonly begin: () => Projected<View>;
  /** One step of the projector; may change the view in place. */
  readonly take: (projected: Projected<View>, batch: EventBatch) => Projected<View>;
  /** Throws for a view that JSON does not keep: compared with a stored one it would differ for ever. */
  readonly refuseOdd: (projected: Projected<View>) => Promise<never> | undefined;
  /** The log from its first event. Called a second time when there is a difference to explain. */
  readonly read: () => AsyncIterable<EventBatch>;
  readonly meter: ProgressMeter;
  readonly onProgress?: OnProgress;
}

export const verifyView = async <View>({
  stored,
  begin,
  take,
  refuseOdd,
  read,
  meter,
  onProgress,
}: VerifyViewOptions<View>): Promise<Verified> => {
  const rebuilt = await foldTo(stored, { begin, take, read }, (projected) => {
    const progress = meter.due(projected);
    if (progress !== undefined) onProgress?.(progress);
  });
  await refuseOdd(rebuilt);
  onProgress?.(meter.now(rebuilt));
  const { events } = rebuilt;
  const found = differencesBetween(stored.view, privateCopy(rebuilt.view));
  if (found.length === 0) return { _tag: "Equal", events };
  const differences = found.slice(0, mostExplained);
  const watch = watchValues(
    begin().view,
    differences.map(({ path }) => path),
  );
  const takeOneByOne = (projected: Projected<View>, batch: EventBatch): Projected<View> =>
    batch.reduce((before, event) => {
      const after = take(before, [event]);
      watch.see(after.view, event);
      return after;
    }, projected);
  await foldTo(stored, { begin, take: takeOneByOne, read });
  return {
    _tag: "Differs",
    events,
    differences: differences.map((difference, index) => {
      const maker = watch.madeBy(index);
      if (maker === undefined) return difference;
      const { id, type, stream, revision, position, recordedAt, actor } = maker;
      return { ...difference, madeBy: { id, type, stream, revision, position, recordedAt, actor } };
    }),
    more: found.length - differences.length,
  };
};

/** Single values of a view while it is folded: which event changed each last. */
const watchValues = (initial: unknown, paths: readonly ValuePath[]) => {
  const texts = paths.map((path) => textOf(valueAt(initial, path)));
  const makers: (RecordedEvent | undefined)[] = paths.map(() => undefined);
  return {
    /** Called after each event with the view as it is then; it may have been changed in place. */
    see: (view: unknown, event: RecordedEvent): void => {
      paths.forEach((path, index) => {
        const text = textOf(valueAt(view, path));
        if (text === texts[index]) return;
        texts[index] = text;
        makers[index] = event;
      });
    },
    madeBy: (index: number): RecordedEvent | undefined => makers[index],
  };
};

const textOf = (value: unknown): string | undefined => JSON.stringify(value);

/** Up to the position of the stored view, and no further: what came later is no difference. */
const foldTo = async <View>(
  { position }: Projected<View>,
  { begin, take, read }: Pick<VerifyViewOptions<View>, "begin" | "take" | "read">,
  after: (projected: Projected<View>) => void = () => {},
): Promise<Projected<View>> => {
  let projected = begin();
  for await (const batch of read()) {
    const wanted = batch.filter((event) => position !== null && event.position <= position);
    projected = take(projected, wanted);
    after(projected);
    if (wanted.length < batch.length) break;
  }
  return projected;
};
