/** From the request to undo an event to the command that does it, looked up in the log again whenever somebody came first. */
import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CommandHandler, CommandOptions } from "../kernel/command-handler.ts";
import type { EventStore } from "../kernel/event-store.ts";
import { isStoreFault } from "../kernel/faults.ts";
import type { CancelSignal } from "../kernel/ports.ts";
import type { NotDone, Receipt } from "../kernel/receipt.ts";
import type { SnapshotStore } from "../kernel/snapshots.ts";
import type { MissionCommand, MissionCommandOf, UndoRequest } from "./commands.ts";
import type { MissionEvent } from "./events.ts";
import type { MissionRefusal } from "./refusals.ts";
import type { Mission } from "./state.ts";
import { findUndoTarget } from "./undo-target.ts";

export interface UndoingOptions {
  readonly store: EventStore;
  readonly stream: string;
  readonly slug: string;
  readonly snapshots: SnapshotStore;
  /** Who undoes when nobody says. */
  readonly actor: string;
  /** Who asks, and when. */
  readonly asked: (by: string) => Pick<MissionCommand, "actor" | "at">;
  readonly attempt: CommandHandler<MissionCommand, Mission, MissionEvent, MissionRefusal>["attempt"];
}

/** An undo, and the revision up to which the log was looked at for it. */
export interface FoundUndo {
  readonly command: MissionCommandOf<"Undo">;
  readonly revision: number;
}

export interface Undoing {
  /** The refusal if there is no such event. `to` ends the search where an earlier try of the undo stands. */
  find(
    request: UndoRequest,
    by: string,
    options: { readonly to?: number; readonly signal?: CancelSignal },
  ): Promise<FoundUndo | MissionRefusal>;
  attempt(
    request: UndoRequest,
    options: Partial<CommandOptions>,
  ): TaskEither<NotDone<MissionRefusal>, Receipt<Mission, MissionEvent>>;
}

/** As often as the command handler decides again. */
const maxAttempts = 16;

export const undoing = ({
  store,
  stream,
  slug,
  snapshots,
  actor,
  asked,
  attempt,
}: UndoingOptions): Undoing => {
  const find: Undoing["find"] = async ({ event, reason, fence }, by, options) => {
    const target = await findUndoTarget({ store, stream, snapshots, event, at: asked(by).at, ...options });
    if (target === undefined) return eventNotFound(slug, event);
    const { done, revision } = target;
    return {
      command: { type: "Undo", ...asked(by), done, reason, ...(fence === undefined ? {} : { fence }) },
      revision,
    };
  };
  return {
    find,
    attempt: (request, options) => async () => {
      const { actor: by = actor, commandId, expectedRevision, signal } = options;
      const cancel = signal === undefined ? {} : { signal };
      try {
        for (let attempts = 1; ; attempts += 1) {
          // A retry has to be the command it was: looked up in what stood in the log then.
          const earlier = commandId === undefined ? undefined : await store.findCommand(stream, commandId);
          const to = earlier === undefined ? {} : { to: earlier.firstRevision - 1 };
          const asThen = await find(request, by, { ...to, ...cancel });
          // What was not there then was not undone then: the id is that of another command, which is for the handler to say.
          const found = "_tag" in asThen && earlier !== undefined ? await find(request, by, cancel) : asThen;
          if ("_tag" in found) return E.left(found);
          const { command, revision } = found;
          const outcome = await attempt(stream, command, {
            ...options,
            actor: by,
            expectedRevision: expectedRevision ?? revision,
          })();
          const cameLate =
            E.isLeft(outcome) && !isStoreFault(outcome.left) && outcome.left._tag === "Conflict";
          if (!cameLate || expectedRevision !== undefined || attempts >= maxAttempts) return outcome;
        }
      } catch (error) {
        if (isStoreFault(error)) return E.left(error);
        throw error;
      }
    },
  };
};

const eventNotFound = (slug: string, event: UndoRequest["event"]): MissionRefusal => ({
  _tag: "EventNotFound",
  mission: slug,
  workPackageId: null,
  invariant: "only what happened is undone",
  event: "eventId" in event ? event.eventId : `at revision ${event.revision}`,
});
