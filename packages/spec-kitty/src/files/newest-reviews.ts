/** Which review file of each work package is its newest one, and what is odd about the others. */
import type { ObservedReview, Verdict } from "@mission-ledger/core/mission";
import { type Finding, type FindingKind, quoted } from "../findings/kinds.ts";
import { compareCodePoints } from "../json/value.ts";
import { clip } from "../text.ts";
import { type FoundReviewFile, type ReviewFile, readReviewFile } from "./review-file.ts";
import { type NamedFile, readWorkPackageFile } from "./work-package-file.ts";

export interface ReviewFolder {
  /** `tasks/<work package file>/review-cycle-*.md` */
  readonly reviewFiles: readonly FoundReviewFile[];
  /** `tasks/WP*.md`: say which package a folder belongs to, where its name does not. */
  readonly workPackageFiles?: readonly NamedFile[];
  /** The verdict that the log gives with a reference to a file. Files are written without one since verdicts stand in the log. */
  readonly verdictInLog?: (file: string, workPackageId: string) => Verdict | undefined;
}

export interface NewestReview {
  readonly workPackageId: string;
  readonly file: ReviewFile;
}

export interface NewestReviews {
  /** One of each package that has any, sorted by its id. */
  readonly newest: readonly NewestReview[];
  readonly findings: readonly Finding[];
}

/**
 * Never throws. The newest file is the one with the highest number; one without a number counts only where none has any, or
 * where it does not approve: it may be the newest one. A file whose head names another package is unreadable: it was put where it does not belong.
 */
export const newestReviews = ({
  reviewFiles,
  workPackageFiles = [],
  verdictInLog = () => undefined,
}: ReviewFolder): NewestReviews => {
  const findings: Finding[] = [];
  const packageOf = new Map(
    workPackageFiles.flatMap((named) => {
      const file = readWorkPackageFile(named);
      return file === undefined ? [] : [[stemOf(named.name), file.wpId] as const];
    }),
  );
  const found = new Map<string, ReviewFile[]>();
  for (const file of [...reviewFiles].sort((a, b) => compareCodePoints(a.name, b.name)).map(readReviewFile)) {
    const workPackageId = packageOf.get(file.folder) ?? /^WP[0-9]+/.exec(file.folder)?.[0];
    if (workPackageId === undefined) {
      findings.push(
        about("review_file_without_package", null, file, "lies in the folder of no work package"),
      );
      continue;
    }
    const files = found.get(workPackageId) ?? [];
    files.push(judged(file, workPackageId, verdictInLog));
    found.set(workPackageId, files);
  }
  const newest = [...found]
    .sort(([a], [b]) => compareCodePoints(a, b))
    .map(([workPackageId, files]): NewestReview => {
      findings.push(...oddities(workPackageId, files));
      return { workPackageId, file: files.reduce(later) };
    });
  return { newest, findings };
};

/** The newest files as facts that can be handed to a ledger. */
export const observedReviews = (newest: readonly NewestReview[]): readonly ObservedReview[] =>
  newest.map(({ workPackageId, file: { name, sha256, cycle, verdict, word, override } }) => ({
    workPackageId,
    file: clip(name, 1_000),
    sha256,
    cycle,
    verdict,
    ...(word === undefined ? {} : { word }),
    ...(override === undefined ? {} : { overridden: true }),
  }));

/** `tasks/WP01-mast.md` is called `WP01-mast`, and so is the folder of its reviews. */
const stemOf = (name: string): string => (name.split("/").at(-1) ?? "").replace(/\.md$/, "");

const judged = (
  file: ReviewFile,
  workPackageId: string,
  verdictInLog: NonNullable<ReviewFolder["verdictInLog"]>,
): ReviewFile => {
  if (file.wpId !== undefined && file.wpId !== workPackageId)
    return { ...file, verdict: "unreadable", problem: `is about ${quoted(file.wpId)}` };
  if (file.verdict !== "missing" || file.word !== undefined) return file;
  return {
    ...file,
    verdict: verdictInLog(`${file.folder}/${file.name.split("/").at(-1)}`, workPackageId) ?? "missing",
  };
};

/** Of two files of which none is known to be later, such as two spellings of one number, the one that does not approve. */
const later = (one: ReviewFile, other: ReviewFile): ReviewFile => {
  const [first, second] = [one.cycle ?? 0, other.cycle ?? 0];
  const isKnown =
    first !== second && [one, other].every(({ cycle, verdict }) => cycle !== null || verdict === "approved");
  if (isKnown) return first > second ? one : other;
  if (one.verdict !== "approved" && other.verdict !== "approved") return first > second ? one : other;
  return one.verdict === "approved" ? other : one;
};

const oddities = (workPackageId: string, files: readonly ReviewFile[]): readonly Finding[] => {
  const cycles = files.flatMap(({ cycle }) => cycle ?? []).sort((a, b) => a - b);
  const highest = cycles.at(-1) ?? 0;
  const missing = highest - new Set(cycles).size;
  const [first] = files;
  return [
    ...files.flatMap((file): readonly Finding[] => [
      ...(file.cycle === null
        ? [about("review_file_misnamed", workPackageId, file, "has a name without the number of a cycle")]
        : []),
      ...(file.problem === undefined
        ? []
        : [about("review_file_unreadable", workPackageId, file, file.problem)]),
      ...(file.verdict === "missing"
        ? [
            about(
              "review_file_without_verdict",
              workPackageId,
              file,
              file.word === undefined ? "gives no verdict" : `gives the unknown verdict ${quoted(file.word)}`,
            ),
          ]
        : []),
    ]),
    ...(missing > 0 && first !== undefined
      ? [
          {
            ...about("review_cycle_gap", workPackageId, first, ""),
            message: `${quoted(first.folder)} lacks ${missing} of the review files up to number ${highest}`,
          },
        ]
      : []),
  ];
};

const about = (kind: FindingKind, wpId: string | null, { name }: ReviewFile, what: string): Finding => ({
  kind,
  line: null,
  eventId: null,
  wpId: wpId === null ? null : clip(wpId, 80),
  message: `${quoted(name)} ${what}`,
});
