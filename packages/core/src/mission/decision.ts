/** What deciding a mission command comes to. */
import type * as E from "fp-ts/lib/Either.js";
import type { MissionEvent } from "./events.ts";
import type { MissionRefusal } from "./refusals.ts";

export type MissionDecision = E.Either<MissionRefusal, readonly MissionEvent[]>;
