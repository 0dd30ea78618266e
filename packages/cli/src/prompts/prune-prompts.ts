/** Takes away prompts that nobody can review by any more. Never follows a link, and leaves alone what it did not write. */
import path from "node:path";
import { type CancelSignal, type Clock, LedgerError } from "@mission-ledger/core";
import {
  isPromptSpent,
  keyPattern,
  type Ledger,
  type Mission,
  type PromptOnRecord,
  prompts,
  promptsKeptMs,
} from "@mission-ledger/core/mission";
import { decodeStreamName, type FilePort } from "@mission-ledger/store-file";
import { ownershipProblem } from "./prompt-file.ts";
import { type PromptName, promptIdOf } from "./prompt-folder.ts";

export interface PrunePrompts {
  readonly ledger: Ledger;
  readonly files: FilePort;
  readonly clock: Clock;
  /** Where the prompts of the ledger lie. */
  readonly folder: string;
  /** Only those of one mission, or of one package of it. @defaultValue all */
  readonly only?: Partial<Pick<PromptName, "mission" | "workPackageId">> | undefined;
  /** Milliseconds. @defaultValue 30 days */
  readonly keptMs?: number | undefined;
  /** @defaultValue false */
  readonly dryRun?: boolean;
  readonly signal?: CancelSignal | undefined;
}

export interface PrunedPrompts {
  /** What was removed, or would be. */
  readonly removed: readonly (PromptName & { readonly file: string })[];
  readonly kept: number;
  /** What stands there and is not ours to remove, or could not be. */
  readonly left: readonly { readonly file: string; readonly problem: string }[];
}

interface FoundPrompt extends PromptName {
  readonly file: string;
  readonly writtenAt: number;
}

/** Only prompts whose log could be read are judged; for the others the fault is told under `left`. */
export const prunePrompts = async (options: PrunePrompts): Promise<PrunedPrompts> => {
  const { ledger, files, clock, keptMs = promptsKeptMs, dryRun = false, signal } = options;
  const { found, left } = findPrompts(options);
  const removed: FoundPrompt[] = [];
  const kept: FoundPrompt[] = [];
  const now = clock.now();
  for (const [slug, ofMission] of groupedByMission(found)) {
    // Most are young, and then no log has to be read.
    const old = ofMission.filter(({ writtenAt }) => now - writtenAt > keptMs);
    kept.push(...ofMission.filter((prompt) => !old.includes(prompt)));
    if (old.length === 0) continue;
    const log = await logOf(ledger, slug, signal);
    if ("problem" in log) {
      left.push({ file: path.dirname(path.dirname((old[0] as FoundPrompt).file)), problem: log.problem });
      kept.push(...old);
      continue;
    }
    for (const prompt of old) {
      const record = log.records.find(({ prompt: { promptId } }) => promptId === prompt.promptId);
      if (!isPromptSpent({ record, writtenAt: prompt.writtenAt, mission: log.mission, now, keptMs })) {
        kept.push(prompt);
        continue;
      }
      const problem = dryRun ? undefined : remove(files, prompt.file);
      if (problem === undefined) removed.push(prompt);
      else left.push({ file: prompt.file, problem });
    }
  }
  return {
    removed: removed.map(({ writtenAt: _, ...prompt }) => prompt),
    kept: kept.length,
    left,
  };
};

type Log =
  | { readonly mission: Mission; readonly records: readonly PromptOnRecord[] }
  | { readonly problem: string };

const logOf = async (ledger: Ledger, slug: string, signal: CancelSignal | undefined): Promise<Log> => {
  const handle = ledger.mission(slug);
  try {
    const { view, gaps } = await handle.view(prompts, {
      fromStart: true,
      ...(signal === undefined ? {} : { signal }),
    });
    return gaps > 0
      ? { problem: "the mission's log lacks events" }
      : { records: view, mission: await handle.state(signal) };
  } catch (error) {
    // Of a store that does not answer nothing can be judged; of one damaged log, nothing in that mission.
    if (!LedgerError.is(error) || error.retryable) throw error;
    return { problem: `${error.code}: ${error.message}` };
  }
};

const findPrompts = ({
  files,
  folder,
  only = {},
}: PrunePrompts): {
  readonly found: readonly FoundPrompt[];
  readonly left: { file: string; problem: string }[];
} => {
  const found: FoundPrompt[] = [];
  const left: { file: string; problem: string }[] = [];
  const inside = (directory: string): readonly string[] => {
    try {
      const status = files.lstat(directory);
      if (status === undefined) return [];
      const problem = status.isDirectory() ? ownershipProblem(status) : "is no folder";
      if (problem === undefined) return files.readdir(directory);
      left.push({ file: directory, problem });
    } catch (error) {
      left.push({ file: directory, problem: `cannot be read: ${(error as NodeJS.ErrnoException).code}` });
    }
    return [];
  };
  for (const missionName of inside(folder)) {
    const mission = decodeStreamName(missionName);
    if (mission === undefined || (only.mission ?? mission) !== mission) continue;
    for (const workPackageId of inside(path.join(folder, missionName))) {
      if (!keyPattern.test(workPackageId) || (only.workPackageId ?? workPackageId) !== workPackageId)
        continue;
      for (const name of inside(path.join(folder, missionName, workPackageId))) {
        const file = path.join(folder, missionName, workPackageId, name);
        const promptId = promptIdOf(name);
        const status = promptId === undefined ? undefined : files.lstat(file);
        const problem =
          status === undefined || !status.isFile()
            ? "is no prompt"
            : status.nlink > 1
              ? "has a second name"
              : ownershipProblem(status);
        if (promptId === undefined || status === undefined || problem !== undefined)
          left.push({ file, problem: problem ?? "is no prompt" });
        else found.push({ mission, workPackageId, promptId, file, writtenAt: status.mtimeMs });
      }
    }
  }
  return { found, left };
};

const groupedByMission = (found: readonly FoundPrompt[]): ReadonlyMap<string, readonly FoundPrompt[]> => {
  const groups = new Map<string, FoundPrompt[]>();
  for (const prompt of found) groups.set(prompt.mission, [...(groups.get(prompt.mission) ?? []), prompt]);
  return groups;
};

const remove = (files: FilePort, file: string): string | undefined => {
  try {
    files.unlink(file);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? undefined : `cannot be removed: ${code}`;
  }
};
