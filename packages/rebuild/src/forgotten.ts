/** Streams that a store does not hold any more, though views of them are kept: those views are the last that tells of them. */
import { nameOf } from "./ground.ts";
import type { ViewsOptions } from "./options.ts";
import type { StreamProblem, ViewName } from "./outcome.ts";
import { liveEntries, replacedLog } from "./work-on-stream.ts";

interface Remembering extends ViewsOptions {
  readonly keep?: readonly ViewName[];
}

/**
 * The options, with such streams among the lost ones. Looked for only where the snapshot store can list its streams, and not in a
 * store that holds none of the category, whose views nobody touches.
 *
 * @param streams those that the store lists
 */
export const withForgotten = async <Options extends Remembering>(
  options: Options,
  streams: readonly string[],
): Promise<Options> => {
  const { snapshots, scope, lost = [] } = options;
  if (!("category" in scope) || snapshots.streams === undefined || streams.length === 0) return options;
  const known = new Set([...streams, ...lost.map(({ stream }) => stream)]);
  const forgotten: StreamProblem[] = [];
  for (const stream of await snapshots.streams(scope.category))
    if (!known.has(stream)) forgotten.push(...(await forgottenStream(options, stream)));
  return forgotten.length === 0 ? options : { ...options, lost: [...lost, ...forgotten] };
};

/** Nothing is told of a stream that was begun since the store was asked, or of which nothing can be believed. */
const forgottenStream = async (
  { store, snapshots, folds, keep = [] }: Remembering,
  stream: string,
): Promise<readonly StreamProblem[]> => {
  const kept = await liveEntries(snapshots, stream, [...folds.map(nameOf), ...keep]);
  // After the views: what they have seen was written before they were.
  const end = await store.head(stream);
  if (end.revision >= 0) return [];
  const problem = replacedLog(
    stream,
    kept.map(({ snapshot }) => snapshot),
    end,
  );
  return problem === undefined ? [] : [problem];
};
