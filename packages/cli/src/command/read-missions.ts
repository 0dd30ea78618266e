/** Many missions for one list: what is wrong with one of them does not hide the others. */
import type { CancelSignal, Moment } from "@mission-ledger/core";
import type { Ledger, OpenMission } from "@mission-ledger/core/mission";
import { unreadableWarning } from "./incomplete.ts";
import { logWarnings } from "./log-warnings.ts";
import { skewWarnings } from "./past.ts";
import { openMission } from "./refs.ts";
import type { CommandContext } from "./spec.ts";

/**
 * The missions of those names that can be read, and warnings about each whose log is not what it should be. A log without any event is no mission
 * yet and is passed over, and so is one that did not exist at the moment asked for. A mission that was asked for by name is not passed over: what is wrong with it is thrown.
 */
export const readMissions = async (
  context: CommandContext,
  ledger: Ledger,
  slugs: readonly string[],
  {
    named,
    signal,
    at,
  }: { readonly named: boolean; readonly signal: CancelSignal | undefined; readonly at?: Moment | undefined },
): Promise<{ readonly missions: readonly OpenMission[]; readonly warnings: readonly string[] }> => {
  const missions: OpenMission[] = [];
  const warnings: string[] = [];
  if (named)
    return {
      missions: await Promise.all(slugs.map((slug) => openMission(ledger, slug, signal, at))),
      warnings: await logWarnings(context, slugs),
    };
  for (const slug of slugs)
    try {
      const handle = ledger.mission(slug);
      const found = at === undefined ? undefined : await handle.findMoment(at, signal);
      const state = await (found === undefined
        ? handle.state(signal)
        : handle.stateAt(found.revision, signal));
      if (found !== undefined) warnings.push(...skewWarnings(slug, found));
      if (state._tag === "Open") missions.push(state);
      warnings.push(...(await logWarnings(context, [slug])));
    } catch (error) {
      warnings.push(unreadableWarning(context, slug, error));
    }
  return { missions, warnings };
};
