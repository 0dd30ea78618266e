/** What is wrong with a copy, in words, and what to do about it. */
import type { Warning } from "@mission-ledger/core";
import type { Arranged } from "../branches/arrange.ts";
import type { CopyContents, CopyRecord } from "../branches/read-copy.ts";
import { longestRecordBytes } from "../log/bounds.ts";

export const aboutContents = ({ markers, problems }: CopyContents, path: string): readonly Warning[] => {
  const damaged = problems.filter(({ kind }) => kind === "damaged");
  const unread = problems.filter(({ kind }) => kind !== "damaged");
  return [
    ...(markers > 0
      ? [
          {
            code: "LOG_CONFLICTED",
            message: `${path} holds ${markers} conflict markers; the records of all sides are in the ledger, and nothing is added to the file`,
            hint: "`mled publish` writes the file clean; then finish the merge with git.",
          },
        ]
      : []),
    ...(damaged[0] === undefined
      ? []
      : [
          {
            code: "LOG_CORRUPT",
            message: `${path} holds ${damaged.length} damaged lines, the first at byte ${damaged[0].offset} (${damaged[0].why}); the ledger is whole without them`,
            hint: "`mled publish` writes the file clean, and keeps the old one in the ledger's quarantine.",
          },
        ]),
    ...(unread[0] === undefined
      ? []
      : [
          {
            code: unread[0].kind === "newer_format" ? "UNSUPPORTED_FORMAT" : "LIMIT_EXCEEDED",
            message: `${path} holds what is not read here: ${unread[0].why}`,
            hint: "Use the version of mission-ledger that wrote it, or a newer one.",
          },
        ]),
  ];
};

export const aboutTooLong = (records: readonly CopyRecord[], path: string): readonly Warning[] =>
  records[0] === undefined
    ? []
    : [
        {
          code: "LIMIT_EXCEEDED",
          message: `${path} holds ${records.length} records that were not taken in, the first with ${records[0].line.length} bytes; a record has at most ${longestRecordBytes}`,
          hint: "Look who changed the file: no mission-ledger writes such records.",
        },
      ];

export const aboutArranged = (
  { open, orphans, clashes }: Arranged,
  stream: string,
  path: string,
): readonly Warning[] => [
  ...(open.length === 0
    ? []
    : [
        {
          code: "FORK_DETECTED",
          message: `${stream}: ${open.length === 1 ? "another copy" : `${open.length} other copies`} went on from revision ${Math.min(...open.map(({ forksAfter }) => forksAfter.revision))} as well; nobody writes until somebody decides`,
          hint: "See both sides, and how to decide: `mled reconcile`.",
        },
      ]),
  ...(orphans.length === 0
    ? []
    : [
        {
          code: "LOG_CORRUPT",
          message: `${path} holds ${orphans.length} records whose predecessors are not here; they were not taken in`,
          hint: "Bring the rest: pull the branch that they were taken from.",
        },
      ]),
  ...(clashes[0] === undefined
    ? []
    : [
        {
          code: "LOG_CORRUPT",
          message: `${path} holds ${clashes.length} records that cannot be believed and were not taken in: ${clashes[0].why}`,
          hint:
            clashes[0].kind === "command_id"
              ? "One request id stands for two commands: run what is in there and missing here again, under another id."
              : "Look who changed the file: no mission-ledger writes such records.",
        },
      ]),
];
