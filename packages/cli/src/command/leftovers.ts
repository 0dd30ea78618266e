/** What the file store finds left over, as missions. */
import { missionCategory, missionStream, slugOfStream } from "@mission-ledger/core/mission";
import { findLeftovers, type RewriteFile } from "@mission-ledger/store-file";
import type { LogProblem } from "./check-log.ts";

export interface LostLog {
  readonly slug: string;
  readonly hadEvents: boolean;
}

export interface MissionFile {
  readonly slug: string;
  readonly path: string;
}

export interface LeftoverMissions {
  readonly logs: readonly string[];
  readonly emptiedLogs: readonly MissionFile[];
  readonly lostLogs: readonly LostLog[];
  readonly quarantined: readonly MissionFile[];
  readonly unfinished: readonly MissionFile[];
  /** Of no mission in particular. */
  readonly temporary: readonly string[];
}

/** Missions whose log file is there, with an event in it or without, and those whose log is gone; of one slug, or of all. Reads only. */
export const leftoverMissions = (directory: string, only?: string): LeftoverMissions => {
  const { logs, emptiedLogs, lostLogs, quarantined, unfinished, temporary } = findLeftovers({
    directory,
    ...(only === undefined ? {} : { only: missionStream(only) }),
  });
  return {
    logs: logs.filter(isMission).map(slugOfStream),
    emptiedLogs: emptiedLogs.flatMap(fileOfMission),
    lostLogs: lostLogs
      .filter(({ stream }) => isMission(stream))
      .map(({ stream, hadEvents }) => ({ slug: slugOfStream(stream), hadEvents })),
    quarantined: quarantined.flatMap(fileOfMission),
    unfinished: unfinished.flatMap(fileOfMission),
    temporary,
  };
};

const fileOfMission = ({ stream, path }: RewriteFile): readonly MissionFile[] =>
  isMission(stream) ? [{ slug: slugOfStream(stream), path }] : [];

const isMission = (stream: string): boolean => stream.startsWith(`${missionCategory}-`);

/** The log is there and empties the mission: what was remembered of it is all that is left here. */
export const emptiedProblem = ({ slug, path }: MissionFile): LogProblem => ({
  code: "LOG_REPLACED",
  stream: missionStream(slug),
  revision: null,
  offset: null,
  message: `${path} holds nothing, though the mission had events`,
});
