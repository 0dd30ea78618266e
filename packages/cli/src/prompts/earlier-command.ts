/** What a command wrote when it was run before under the same id. A check of what is there now says nothing about it. */
import { type Ledger, type MissionEvent, missionCodec, missionStream } from "@mission-ledger/core/mission";

/** `undefined` where nobody gave an id, or nothing was written under it. */
export const earlierEvents = async (
  ledger: Ledger,
  slug: string,
  requestId: string | undefined,
): Promise<readonly MissionEvent[] | undefined> => {
  if (requestId === undefined) return undefined;
  const commit = await ledger.store.findCommand(missionStream(slug), requestId);
  return commit?.events.flatMap((envelope): readonly MissionEvent[] => {
    const decoded = missionCodec.decode(envelope);
    return decoded._tag === "Known" ? [decoded.event] : [];
  });
};
