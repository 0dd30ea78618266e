/** The plan of an import: pure, and the same for the same files, so that an interrupted import goes on by running it again. */
import { digestOf, nameBasedUuid, sha256Hex } from "@mission-ledger/core";
import {
  type ImportedEvent,
  limits,
  type MissionRequest,
  type SourceFile,
} from "@mission-ledger/core/mission";
import { utf8Bytes, utf8Text } from "../bytes.ts";
import { type ExecutionLanes, noExecutionLanes, readExecutionLanes } from "../files/execution-lanes.ts";
import { emptyMeta, type Meta, readMeta } from "../files/meta.ts";
import { type NewestReview, newestReviews } from "../files/newest-reviews.ts";
import type { FoundReviewFile } from "../files/review-file.ts";
import { snapshotText } from "../files/snapshot.ts";
import { type NamedFile, readWorkPackageFile, type WorkPackageFile } from "../files/work-package-file.ts";
import { findings as findingsOf } from "../findings/findings.ts";
import { countFindings, type Finding, type FindingKind, quoted } from "../findings/kinds.ts";
import { compareCodePoints } from "../json/value.ts";
import { type Reduction, reduceStatusLog } from "../log/reduce.ts";
import { parseStatusLog, type StatusLog } from "../log/rows.ts";
import { clip, wellFormed } from "../text.ts";
import { cutIntoChunks } from "./chunks.ts";
import { annotationEvent, transitionEvent } from "./history.ts";
import { maxFileListBytes, maxLengths } from "./limits.ts";
import { packEvents } from "./packing.ts";
import { type ImportReport, reportOf } from "./report.ts";
import { answeredInSource, reviewEvent, verdictsOfFiles } from "./reviews.ts";
import { isUsableId, planWorkPackages } from "./work-packages.ts";

/** The files of one Spec Kitty mission folder. */
export interface MissionFolder {
  /** The folder's name; becomes the slug. */
  readonly folderName: string;
  /** `status.events.jsonl` */
  readonly log: Uint8Array;
  /** `meta.json` */
  readonly meta?: Uint8Array | string;
  /** `lanes.json` */
  readonly lanes?: Uint8Array | string;
  /** `tasks/WP*.md`; only their heads are kept. */
  readonly workPackageFiles?: readonly NamedFile[];
  /** `tasks/<work package file>/review-cycle-*.md`; the newest of each package counts, all are kept. */
  readonly reviewFiles?: readonly FoundReviewFile[];
  /** `status.json`; compared, not kept, since the log says it all. */
  readonly status?: Uint8Array | string;
}

export interface PlannedCommand {
  /** Derived from the slug, the files' digests and the command's place. */
  readonly commandId: string;
  readonly request: MissionRequest;
}

export interface ImportPlan {
  readonly slug: string;
  readonly missionId: string;
  readonly title: string;
  readonly commands: readonly PlannedCommand[];
  readonly report: ImportReport;
  readonly findings: readonly Finding[];
}

/** Under this name the log is kept in the ledger, and found again by the export. */
export const logFileName = "status.events.jsonl";

/** The system that imports name as their source. */
export const sourceName = "spec-kitty";

/** Ids of missions and of import commands are derived under this namespace; a fixed random UUID that never changes. */
const importNamespace = "b0f6f1c4-3a1e-4d57-8f0b-6f4d2f6f5c11";

/** Raised when the same files would make other commands than before. 2: with overrides of the source as events of their own. */
const planVersions = { withoutOverrides: 1, withOverrides: 2 } as const;

/** Never throws; what is odd about the files becomes a finding. */
export const planImport = (folder: MissionFolder): ImportPlan => {
  const slug = wellFormed(folder.folderName);
  const found: Finding[] = [];
  const metaBytes = bytesOf(folder.meta);
  const lanesBytes = bytesOf(folder.lanes);
  const log = parseStatusLog(folder.log);
  const reduction = reduceStatusLog(log.rows);
  const meta = metaBytes === undefined ? emptyMeta : readMeta(metaBytes);
  if (meta.problem !== undefined) found.push(aboutFile("unreadable_file", "meta.json", meta.problem));
  const lanes: ExecutionLanes = lanesBytes === undefined ? noExecutionLanes : readExecutionLanes(lanesBytes);
  for (const problem of lanes.problems) found.push(aboutFile("unreadable_file", "lanes.json", problem));
  const files = readFiles(folder.workPackageFiles ?? [], found);
  const reviews = newestReviews({
    reviewFiles: folder.reviewFiles ?? [],
    workPackageFiles: folder.workPackageFiles ?? [],
    verdictInLog: verdictsOfFiles(reduction),
  });
  found.push(...reviews.findings);

  const sources = keepFiles(
    [
      { name: logFileName, bytes: folder.log },
      ...(metaBytes === undefined ? [] : [{ name: "meta.json", bytes: metaBytes }]),
      ...(lanesBytes === undefined ? [] : [{ name: "lanes.json", bytes: lanesBytes }]),
      ...files
        .filter(({ head }) => head.length > 0)
        .map(({ name, head }) => ({ name: `${clip(name, maxLengths.fileName)}#frontmatter`, bytes: head })),
      ...newestFirst(folder.reviewFiles ?? [], reviews.newest).map(({ name, bytes }) => ({
        name: clip(name, maxLengths.fileName),
        bytes,
      })),
    ],
    found,
  );
  const missionId = missionIdOf(slug, meta, log);
  const title = clip((meta.title ?? slug).trim() || slug, limits.title);
  const planned = planWorkPackages(log.rows, reduction.workPackages.keys(), files, lanes);
  const known = new Set(planned.workPackages.map(({ workPackageId }) => workPackageId));
  const newest = reviews.newest.filter(({ workPackageId }) => known.has(workPackageId));
  found.push(
    ...reviews.newest
      .filter(({ workPackageId }) => !known.has(workPackageId))
      .map(({ file: { name } }) =>
        aboutFile("review_file_without_package", name, "is about a work package that is not in the mission"),
      ),
  );
  const identity = { slug, ...(meta.missionId === undefined ? {} : { missionId: meta.missionId }) };
  const kept: readonly Finding[] = [...findingsOf(log, reduction, identity), ...found, ...planned.findings];
  // The committed snapshot is not among the kept files, so what it says is in no command.
  const findings = [...kept, ...findDrift(folder, reduction, meta)];

  const told: readonly ImportedEvent[] = [
    ...planned.workPackages.map(
      (workPackage): ImportedEvent => ({ type: "WorkPackageAdded", ...workPackage }),
    ),
    ...reduction.transitions
      .filter(({ row, applied }) => applied && isUsableId(row.transition.wpId))
      .map(transitionEvent),
    ...reduction.annotations.filter(({ annotation }) => isUsableId(annotation.wpId)).map(annotationEvent),
    ...newest.map(reviewEvent),
  ];
  const answered = answeredInSource(told, newest, reduction);
  const planVersion = answered.length === 0 ? planVersions.withoutOverrides : planVersions.withOverrides;
  const history: readonly ImportedEvent[] = [
    ...sources.flatMap(({ name, bytes }) =>
      cutIntoChunks(bytes).map(
        (chunk, index): ImportedEvent => ({ type: "SourceChunkRecorded", file: name, index, ...chunk }),
      ),
    ),
    ...told,
    ...answered,
  ];
  const report = reportOf({ slug, missionId, log, reduction, findings });
  const { rows, transitions, annotations, otherRows } = report;
  const listed: readonly SourceFile[] = sources.map(({ name, bytes }) => ({
    name,
    bytes: bytes.length,
    sha256: sha256Hex(bytes),
  }));
  const requests: readonly MissionRequest[] = [
    {
      type: "BeginImport",
      source: sourceName,
      slug,
      title,
      missionId,
      dependencyMetAt: "approved",
      files: listed,
    },
    ...packEvents(history).map((events): MissionRequest => ({ type: "ContinueImport", history: events })),
    { type: "CompleteImport", rows, transitions, annotations, otherRows, findings: countFindings(kept) },
  ];
  // A file that could not be read is in no list, and is told all the same.
  const reviewed = newest.length === 0 ? {} : { reviews: newest.map(reviewEvent) };
  const origin = digestOf({ planVersion, slug, files: listed, ...reviewed });
  return {
    slug,
    missionId,
    title,
    commands: requests.map((request, index) => ({
      commandId: nameBasedUuid(importNamespace, `${origin}/${index}`),
      request,
    })),
    report,
    findings,
  };
};

const bytesOf = (file: Uint8Array | string | undefined): Uint8Array | undefined =>
  typeof file === "string" ? utf8Bytes(file) : file;

const aboutFile = (kind: FindingKind, name: string, what: string): Finding => ({
  kind,
  line: null,
  eventId: null,
  wpId: null,
  message: `${quoted(name)} ${what}`,
});

/** There is room for so many names; what counts is kept before what was. */
const newestFirst = (
  files: readonly FoundReviewFile[],
  newest: readonly NewestReview[],
): readonly FoundReviewFile[] => {
  const names = new Set(newest.map(({ file }) => file.name));
  const there = files
    .filter(({ problem }) => problem === undefined)
    .sort((a, b) => compareCodePoints(a.name, b.name));
  return [...there.filter(({ name }) => names.has(name)), ...there.filter(({ name }) => !names.has(name))];
};

const readFiles = (given: readonly NamedFile[], found: Finding[]): readonly WorkPackageFile[] => {
  const files: WorkPackageFile[] = [];
  for (const named of given) {
    const file = readWorkPackageFile(named);
    if (file === undefined)
      found.push(aboutFile("frontmatter_unreadable", named.name, "names no work package"));
    else if (file.problem !== undefined)
      found.push({ ...aboutFile("frontmatter_unreadable", named.name, file.problem), wpId: file.wpId });
    if (file !== undefined) files.push(file);
  }
  return files;
};

/** The log comes first and always has room; each name counts once. */
const keepFiles = (files: readonly NamedFile[], found: Finding[]): readonly NamedFile[] => {
  const kept = new Map<string, NamedFile>();
  let bytes = 0;
  for (const file of files) {
    const size = utf8Bytes(file.name).length * 2 + 150;
    if (kept.has(file.name) || bytes + size > maxFileListBytes) {
      found.push(
        aboutFile(
          "file_left_out",
          file.name,
          kept.has(file.name) ? "is there twice" : "is one file too many",
        ),
      );
      continue;
    }
    bytes += size;
    kept.set(file.name, file);
  }
  return [...kept.values()];
};

/** From the folder, else from the first row that names one, else derived from the slug. */
const missionIdOf = (slug: string, { missionId }: Meta, { rows }: StatusLog): string => {
  const named = rows.flatMap((row) =>
    row.kind === "transition" && row.transition.missionId !== undefined ? [row.transition.missionId] : [],
  );
  return [missionId, named[0]].find((id) => id !== undefined && isUsableId(id)) ?? derivedMissionId(slug);
};

/** The id of a mission whose source names none. */
export const derivedMissionId = (slug: string): string => nameBasedUuid(importNamespace, slug);

const findDrift = ({ status }: MissionFolder, reduction: Reduction, meta: Meta): readonly Finding[] => {
  const bytes = bytesOf(status);
  if (bytes === undefined || utf8Text(bytes) === snapshotText(reduction, meta)) return [];
  return [aboutFile("status_drift", "status.json", "is not what the log reduces to")];
};
