/** Real missions: how many approved packages contradict their newest review, as their own gate has it and as ours does. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fold } from "@mission-ledger/core";
import {
  type MissionEvent,
  mission,
  type OpenMission,
  type PackageConsistency,
  reviewConsistency,
} from "@mission-ledger/core/mission";
import { expect, test } from "vitest";
import {
  type FoundReviewFile,
  type MissionFolder,
  type NamedFile,
  parseStatusLog,
  planImport,
  reduceStatusLog,
  verdictOf,
} from "./index.ts";

const corpus = resolve(import.meta.dirname, "../../../../shared/corpus/spec-kitty");

const filesIn = (
  folder: string,
): { readonly reviewFiles: FoundReviewFile[]; readonly workPackageFiles: NamedFile[] } => {
  const tasks = join(folder, "tasks");
  const names = existsSync(tasks) ? readdirSync(tasks).sort() : [];
  const read = (name: string) => ({ name: `tasks/${name}`, bytes: readFileSync(join(tasks, name)) });
  return {
    workPackageFiles: names.filter((name) => /^WP.*\.md$/.test(name)).map(read),
    reviewFiles: names
      .filter((name) => statSync(join(tasks, name)).isDirectory())
      .flatMap((name) => readdirSync(join(tasks, name)).map((file) => `${name}/${file}`))
      .filter((name) => /\/review-cycle-.*\.md$/.test(name))
      .map(read),
  };
};

const stateOf = (folder: MissionFolder): OpenMission => {
  const events = planImport(folder).commands.flatMap(({ request }): readonly MissionEvent[] => {
    if (request.type === "BeginImport") return [{ ...request, type: "ImportBegun" }];
    return request.type === "ContinueImport"
      ? request.history.filter(({ type }) => type !== "SourceChunkRecorded")
      : [];
  });
  return fold(mission, mission.initial, events) as OpenMission;
};

const missing = !existsSync(join(corpus, "oracle.json"));
if (missing) console.warn(`skipped: ${corpus} is not here`);

test.skipIf(missing)("every approved package of real missions has a verdict that explains itself", () => {
  const counts = new Map<string, number>();
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
  const folders = readdirSync(corpus).filter((name) => existsSync(join(corpus, name, "status.events.jsonl")));
  for (const name of folders) {
    const log = readFileSync(join(corpus, name, "status.events.jsonl"));
    const files = filesIn(join(corpus, name));
    for (const _ of files.reviewFiles) count("review files");
    const reduction = reduceStatusLog(parseStatusLog(log).rows);
    const state = stateOf({ folderName: "mission", log, ...files });
    for (const one of reviewConsistency(state)) {
      const reduced = reduction.workPackages.get(one.workPackageId);
      // Spec Kitty's gate: the slot says changes_requested, and nobody overrode it.
      const theirs =
        reduced !== undefined && verdictOf(reduced) === "changes_requested" && !reduced.slots.get("review");
      const ours = one.verdict !== "consistent" && one.verdict !== "overridden";
      count(`approved or done: ${one.verdict}${one.restsOn === null ? "" : `, rests on ${one.restsOn}`}`);
      if (one.hollow !== null) count("approved by who implemented it");
      if (theirs === ours) continue;
      const why = explained(one, state, theirs);
      count(why);
      expect(why).not.toContain("unexplained");
    }
  }
  console.info(
    [...counts]
      .map(([what, many]) => `${many} ${what}`)
      .sort()
      .join("\n"),
  );
  expect(folders.length).toBeGreaterThan(0);
  expect([...counts.values()].reduce((sum, many) => sum + many, 0)).toBeGreaterThan(0);
  if (!counts.has("review files"))
    console.warn("skipped: no mission here has review files, only logs are compared");
});

/** Where their gate and ours differ, each difference has a reason. */
const explained = (one: PackageConsistency, { workPackages }: OpenMission, theirs: boolean): string => {
  const workPackage = workPackages[one.workPackageId];
  if (theirs)
    return workPackage?.verdict?.verdict === "changes_requested"
      ? "unexplained: their gate blocks"
      : "only they block: their verdict slot is sticky, a later approval by evidence clears ours";
  if (one.verdict === "no_review") return "only we block: forced there, without a verdict or a review file";
  if (one.verdict.startsWith("artifact_")) return "only we block: they do not read review files";
  return "unexplained: our gate blocks";
};
