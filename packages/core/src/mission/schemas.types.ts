/** Compiled, never run: the schemas give the written types, and every event type has a codec and a schema. */
import { expectTypeOf } from "vitest";
import type { z } from "zod";
import type { MissionRequest } from "./commands.ts";
import type { MissionEvent } from "./events.ts";
import type { missionEvent, missionRequest } from "./schemas.ts";

expectTypeOf<z.infer<typeof missionEvent>>().toEqualTypeOf<MissionEvent>();
expectTypeOf<z.infer<typeof missionRequest>>().toEqualTypeOf<MissionRequest>();
