/** What came of a rebuild or a comparison of views: for the envelope, for people, line by line. */
import type { RunReport, ViewDifference } from "@mission-ledger/rebuild";
import type { LogProblem } from "../command/check-log.ts";
import type { Row } from "../command/result.ts";
import { counted } from "../output/counted.ts";
import { type Line, toned } from "../output/lines.ts";
import { differenceText, namedDifference, namedStray, strayText } from "./difference.ts";
import { viewOf } from "./ground.ts";

/** What was asked for, and how it ended. */
export type Ended =
  | { readonly _tag: "Compared"; readonly wouldWrite: boolean }
  | { readonly _tag: "Written" }
  | { readonly _tag: "NothingThere" }
  | { readonly _tag: "NotAllWritten" };

export interface Told {
  readonly report: RunReport;
  readonly problems: readonly LogProblem[];
  /** Missions that were done before an interruption. */
  readonly resumed: number;
  /** In the order of the table. */
  readonly views: readonly string[];
  readonly ended: Ended;
}

const mostLines = 50;

/** A line for each view, after one for each view that differs. */
export const linesOf = ({ report, problems, resumed, views, ended }: Told): readonly Line[] => {
  const { differences, differing, strays, straying, events, streams } = report;
  const made = streams - problems.length;
  const more = resumed === 0 ? "" : `, ${counted(resumed, "mission")} done before`;
  const from = `${counted(events, "event")} in ${counted(made, "mission")}${more}`;
  return [
    ...differences.slice(0, mostLines).map((difference): Line => {
      const { mission, view, ...shown } = namedDifference(difference);
      return [toned("bad", "differs "), differenceText(mission, view, shown)];
    }),
    ...(differing > mostLines ? [`and ${differing - mostLines} more that differ`] : []),
    // Told as warnings where they were replaced.
    ...(ended._tag === "Compared"
      ? strays.slice(0, mostLines).map((stray): Line => [toned("bad", "strays  "), strayText(stray)])
      : []),
    ...(ended._tag === "Compared" && straying > mostLines
      ? [`and ${straying - mostLines} more that stray`]
      : []),
    ...views.map((view): Line => `${view}: ${sentenceOf(ended, from, differingIn(report, view), report)}`),
  ];
};

const sentenceOf = (
  ended: Ended,
  from: string,
  differing: number,
  { compared, straying }: RunReport,
): string => {
  switch (ended._tag) {
    case "Compared":
      if (compared + straying + differing === 0)
        return `none is written down, ${ended.wouldWrite ? "would be made" : "nothing to compare with one made"} from ${from}`;
      return differing === 0
        ? `equal to a fresh rebuild of ${from}, nothing written`
        : `differs in ${counted(differing, "mission")} from a fresh rebuild of ${from}, ${ended.wouldWrite ? "would be mended" : "nothing written"}`;
    case "Written": {
      const before =
        compared === 0 ? "" : differing === 0 ? ", equal to the one before" : `, ${differing} mended`;
      return `made from ${from}${before}, written`;
    }
    case "NothingThere":
      return "the ledger holds no mission, nothing written";
    case "NotAllWritten":
      return `made from ${from}, not all written`;
  }
};

/** Records of `--jsonl`. */
export const rowsOf = ({ report, problems, views }: Told): readonly Row[] => [
  ...report.differences.map((difference) => rowOf("difference", { ...namedDifference(difference) })),
  ...report.strays.map((stray) => rowOf("stray", namedStray(stray))),
  ...problems.map((problem) => rowOf("problem", { ...problem })),
  ...views.map((view) =>
    rowOf("view", {
      view,
      missions: report.streams - report.problems.length,
      events: report.events,
      differing: differingIn(report, view),
    }),
  ),
];

/** Counted, not listed: of many differences only the first ones are told. */
const differingIn = ({ views }: RunReport, view: string): number =>
  views.find(({ name }) => viewOf(name) === view)?.differing ?? 0;

const rowOf = (type: string, record: Readonly<Record<string, unknown>>): Row => ({
  record: { type, ...record },
  lines: [],
});

export const mendedText = (difference: ViewDifference): string => {
  const { mission, view, path, kind } = namedDifference(difference);
  const where =
    kind === "unknown_events" ? "in its count of unknown events" : `at ${path === "" ? "its root" : path}`;
  return `${mission}: ${view} differed ${where}; mended`;
};
