/** Many missions for one list: what is wrong with one of them does not hide the others. */
import type { CancelSignal } from "@mission-ledger/core";
import type { Ledger, OpenMission } from "@mission-ledger/core/mission";
import { unreadableWarning } from "./incomplete.ts";
import { logWarnings } from "./log-warnings.ts";
import { openMission } from "./refs.ts";
import type { CommandContext } from "./spec.ts";

/**
 * The missions of those names that can be read, and warnings about each whose log is not what it should be. A log without any event is no mission
 * yet and is passed over. A mission that was asked for by name is not passed over: what is wrong with it is thrown.
 */
export const readMissions = async (
  context: CommandContext,
  ledger: Ledger,
  slugs: readonly string[],
  { named, signal }: { readonly named: boolean; readonly signal: CancelSignal | undefined },
): Promise<{ readonly missions: readonly OpenMission[]; readonly warnings: readonly string[] }> => {
  const missions: OpenMission[] = [];
  const warnings: string[] = [];
  if (named)
    return {
      missions: await Promise.all(slugs.map((slug) => openMission(ledger, slug, signal))),
      warnings: await logWarnings(context, slugs),
    };
  for (const slug of slugs)
    try {
      const state = await ledger.mission(slug).state(signal);
      if (state._tag === "Open") missions.push(state);
      warnings.push(...(await logWarnings(context, [slug])));
    } catch (error) {
      warnings.push(unreadableWarning(context, slug, error));
    }
  return { missions, warnings };
};
