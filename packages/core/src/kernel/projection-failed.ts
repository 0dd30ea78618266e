/** The fault of a projection that throws: which one, and on which event. */
import type { EventEnvelope } from "./event.ts";
import { StoreFault } from "./faults.ts";
import type { Projection } from "./projection.ts";

/** `PROJECTION_FAILED`, with what was thrown as its cause. Nothing was stored: the view stands as it stood before. */
export const projectionFailed = (
  { name, version }: Pick<Projection<never, never>, "name" | "version">,
  { id, type, stream, revision }: Pick<EventEnvelope, "id" | "type" | "stream" | "revision">,
  cause: unknown,
): StoreFault =>
  new StoreFault(
    "PROJECTION_FAILED",
    `the projection ${name} failed on ${type} at revision ${revision} of ${stream}`,
    {
      outcome: "not_written",
      retryable: false,
      hint: `Correct ${name} for event ${id}, raise its version, and rebuild; until then the stored view stays as it is.`,
      details: { projection: name, version, eventId: id, type, stream, revision },
      cause,
    },
  );
