/** A focused branch in words and as a document: what it would hold, what not, and what was done. */
import { counted } from "../output/counted.ts";
import { columns, type Line, type Surface, toned } from "../output/lines.ts";
import { note } from "../output/marks.ts";
import type { FocusReport } from "./focus.ts";
import type { PathConflict } from "./paths.ts";

/** More than that of paths or commits left out is a number. */
const longestList = 1_000;

/** What `--json` prints. */
export const focusData = ({
  plan,
  built,
  place,
  outcome,
  ...report
}: FocusReport): Readonly<Record<string, unknown>> => ({
  mission: plan.mission,
  target: report.target,
  upstream: report.upstream,
  base: plan.base,
  from: report.from,
  source: plan.source,
  mergeBases: plan.mergeBases,
  branch: report.branch,
  outcome,
  applied: outcome === "created" || outcome === "there",
  commit: built?.head ?? null,
  strategy: plan.strategy,
  packages: { counted: plan.owned.counted, ids: plan.owned.workPackages, owns: plan.owned.globs },
  paths: plan.taken.map(({ path, before, after }) => ({
    path,
    change: before === null ? "added" : after === null ? "deleted" : "modified",
    before,
    after,
  })),
  commits: built?.commits ?? [],
  leftOut: {
    paths: plan.leftOut.slice(0, longestList),
    pathCount: plan.leftOut.length,
    commits: plan.commitsLeftOut.slice(0, longestList).map(({ commit, subject }) => ({ commit, subject })),
    commitCount: plan.commitsLeftOut.length,
  },
  upstreamOnly: plan.upstreamOnly,
  crossings: plan.crossings,
  conflicts: plan.conflicts,
  branchStands: place,
});

export const conflictWords = ({ kind, path, with: other }: PathConflict, upstream: string): string => {
  switch (kind) {
    case "both_changed":
      return `${path} was changed here and on ${upstream}`;
    case "in_the_way":
      return `${path} cannot be there beside ${other}, which ${upstream} has and the mission does not own`;
  }
};

const outcomeLine = ({ outcome, branch, built, upstream, plan }: FocusReport): Line => {
  const short = built?.head.slice(0, 12) ?? "";
  switch (outcome) {
    case "planned":
      return [toned("strong", branch), ` would be made at ${short}, from ${upstream}; nothing was written`];
    case "created":
      return [toned("good", "created "), toned("strong", branch), ` at ${short}, from ${upstream}; verified`];
    case "there":
      return [toned("strong", branch), ` is there already and holds exactly this: ${short}`];
    case "conflict":
      return `no branch: ${counted(plan.conflicts.length, "conflict")}`;
    case "nothing":
      return "no branch: nothing that the mission owns was changed here alone";
    case "taken":
      return [toned("strong", branch), ` holds something else; this would be ${short}`];
  }
};

export const focusLines = (report: FocusReport, surface: Surface): readonly Line[] => {
  const { plan, built, from, upstream } = report;
  const { taken, leftOut, commitsLeftOut, upstreamOnly, crossings, conflicts } = plan;
  return [
    outcomeLine(report),
    `taken from ${from}: ${counted(taken.length, "path")}, owned by ${plan.owned.workPackages.join(", ") || "no package"}`,
    ...columns(
      taken.map(({ path, before, after }) => [
        before === null ? "  added" : after === null ? "  deleted" : "  modified",
        path,
      ]),
      surface,
    ),
    ...(built === null || built.commits.length === 0
      ? []
      : [
          `in ${counted(built.commits.length, "commit")}`,
          ...columns(
            built.commits.map(({ commit, how, author, subject }) => [
              `  ${commit.slice(0, 12)}`,
              how.replaceAll("_", " "),
              author,
              subject,
            ]),
            surface,
          ),
        ]),
    `left out: ${counted(leftOut.length, "path")}, ${counted(commitsLeftOut.length, "commit")}`,
    ...(upstreamOnly.length === 0
      ? []
      : [`as on ${upstream}, changed there alone: ${counted(upstreamOnly.length, "owned path")}`]),
    ...(crossings === null
      ? [note("renames across what the mission owns were not looked for: contents are missing here")]
      : []),
    ...(crossings ?? []).map(({ from: old, to, owned }) =>
      note(
        owned === "from"
          ? `${old} was renamed to ${to}, which the mission does not own: it goes, and nothing comes in its place`
          : `${to} was renamed from ${old}, which the mission does not own: both are there`,
      ),
    ),
    ...conflicts.map((conflict): Line => [toned("bad", "conflict  "), conflictWords(conflict, upstream)]),
  ];
};
