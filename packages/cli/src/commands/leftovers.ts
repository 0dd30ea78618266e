/** What the file store finds left over, as missions. */
import { missionCategory, slugOfStream } from "@mission-ledger/core/mission";
import { findLeftovers } from "@mission-ledger/store-file";

export interface LostLog {
  readonly slug: string;
  readonly hadEvents: boolean;
}

/** Missions whose log file is there, with an event in it or without, and those whose log is gone. Reads only. */
export const leftoverMissions = (
  directory: string,
): { readonly logs: readonly string[]; readonly lostLogs: readonly LostLog[] } => {
  const { logs, lostLogs } = findLeftovers({ directory });
  return {
    logs: logs.filter(isMission).map(slugOfStream),
    lostLogs: lostLogs
      .filter(({ stream }) => isMission(stream))
      .map(({ stream, hadEvents }) => ({ slug: slugOfStream(stream), hadEvents })),
  };
};

const isMission = (stream: string): boolean => stream.startsWith(`${missionCategory}-`);
