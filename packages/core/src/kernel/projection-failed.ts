/** The fault of a projection that throws, or whose view JSON does not keep: which one, and on which event. */
import { formatPath } from "./differences.ts";
import type { EventEnvelope } from "./event.ts";
import { StoreFault } from "./faults.ts";
import type { Unkept } from "./kept-in-json.ts";
import type { Projection } from "./projection.ts";

type Named = Pick<Projection<never, never>, "name" | "version">;
type Failing = Pick<EventEnvelope, "id" | "type" | "stream" | "revision">;

/** `PROJECTION_FAILED`, with what was thrown as its cause. Nothing was stored: the view stands as it stood before. */
export const projectionFailed = (projection: Named, event: Failing, cause: unknown): StoreFault =>
  failed(projection, event, `failed on ${event.type}`, { cause });

/**
 * The same for what would come back as another value, or not at all, once it was stored. `details.key` says where it stands.
 * What is not made again by the events as they are read whole lacked something that was not named as needed.
 */
export const viewNotKept = (
  projection: Named,
  event: Failing,
  { path, what, isMadeAgain }: Unkept & { readonly isMadeAgain: boolean },
): StoreFault => {
  const key = formatPath(path);
  const words = `${path.length === 0 ? "its view" : key} is ${what}, which JSON does not keep`;
  return failed(projection, event, `made on ${event.type} what cannot be stored (${words})`, {
    key,
    cause: new TypeError(words),
    ...(isMadeAgain
      ? {}
      : {
          hint: `From whole events ${projection.name} makes something else: name in its \`needs\` all that it reads, and let it depend on nothing but the events.`,
        }),
  });
};

const failed = (
  { name, version }: Named,
  { id, type, stream, revision }: Failing,
  what: string,
  {
    key,
    cause,
    hint = `Correct ${name} for event ${id}, raise its version, and rebuild; until then the stored view stays as it is.`,
  }: { readonly key?: string; readonly cause: unknown; readonly hint?: string },
): StoreFault =>
  new StoreFault("PROJECTION_FAILED", `the projection ${name} ${what} at revision ${revision} of ${stream}`, {
    outcome: "not_written",
    retryable: false,
    hint,
    details: {
      projection: name,
      version,
      eventId: id,
      type,
      stream,
      revision,
      ...(key === undefined ? {} : { key }),
    },
    cause,
  });
