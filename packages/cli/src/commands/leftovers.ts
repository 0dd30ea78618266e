/** What the file store finds left over, as missions. */
import { missionCategory, slugOfStream } from "@mission-ledger/core/mission";
import { findLeftovers, type RewriteFile } from "@mission-ledger/store-file";

export interface LostLog {
  readonly slug: string;
  readonly hadEvents: boolean;
}

/** A file that a repair made. */
export interface RepairFile {
  readonly slug: string;
  readonly path: string;
}

export interface LeftoverMissions {
  readonly logs: readonly string[];
  readonly lostLogs: readonly LostLog[];
  readonly quarantined: readonly RepairFile[];
  readonly unfinished: readonly RepairFile[];
}

/** Missions whose log file is there, with an event in it or without, and those whose log is gone. Reads only. */
export const leftoverMissions = (directory: string): LeftoverMissions => {
  const { logs, lostLogs, quarantined, unfinished } = findLeftovers({ directory });
  return {
    logs: logs.filter(isMission).map(slugOfStream),
    lostLogs: lostLogs
      .filter(({ stream }) => isMission(stream))
      .map(({ stream, hadEvents }) => ({ slug: slugOfStream(stream), hadEvents })),
    quarantined: quarantined.flatMap(repairFile),
    unfinished: unfinished.flatMap(repairFile),
  };
};

const repairFile = ({ stream, path }: RewriteFile): readonly RepairFile[] =>
  isMission(stream) ? [{ slug: slugOfStream(stream), path }] : [];

const isMission = (stream: string): boolean => stream.startsWith(`${missionCategory}-`);
