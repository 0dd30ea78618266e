/** Which segments cover a log from its start without a hole, each checked against the log before it is believed. */
import path from "node:path";
import type { FilePort } from "../files/file-port.ts";
import { openRegularIfThere, readOnly } from "../files/safe-files.ts";
import type { StreamPaths } from "../layout.ts";
import type { LogHandle } from "../log/log-handle.ts";
import { recordAt } from "../log/mark.ts";
import { readHeader, type SegmentHeader } from "./segment.ts";

/** An open segment. */
export interface Segment {
  readonly name: string;
  readonly fd: number;
  readonly header: SegmentHeader;
}

export interface SegmentList {
  /** In the order of the log; together they cover it from 0 to {@link covered}. */
  readonly segments: readonly Segment[];
  readonly covered: number;
}

export const noSegments: SegmentList = { segments: [], covered: 0 };

export const segmentName = (from: number, to: number): string => `${from}-${to}.idx`;

export const parseSegmentName = (
  name: string,
): { readonly from: number; readonly to: number } | undefined => {
  const parts = /^([0-9]{1,15})-([0-9]{1,15})\.idx$/.exec(name);
  return parts === null ? undefined : { from: Number(parts[1]), to: Number(parts[2]) };
};

/** Opens the fewest segments that cover the most. Never throws: without them the log is searched. */
export const openSegments = (files: FilePort, paths: StreamPaths, log: LogHandle): SegmentList => {
  const segments: Segment[] = [];
  let covered = 0;
  try {
    const names = namesIn(files, paths.index);
    for (;;) {
      const next = openNext(files, paths, log, names, covered);
      if (next === undefined) return { segments, covered };
      segments.push(next);
      covered = next.header.to;
    }
  } catch {
    return { segments, covered };
  }
};

export const closeSegments = (files: FilePort, { segments }: SegmentList): void => {
  for (const { fd } of segments) files.close(fd);
};

/** File names with their ranges, longest first. */
const namesIn = (
  files: FilePort,
  directory: string,
): readonly { readonly name: string; readonly from: number; readonly to: number }[] => {
  if (!files.lstat(directory)?.isDirectory()) return [];
  return files
    .readdir(directory)
    .flatMap((name) => {
      const range = parseSegmentName(name);
      return range === undefined || range.to <= range.from ? [] : [{ name, ...range }];
    })
    .sort((a, b) => b.to - a.to);
};

const openNext = (
  files: FilePort,
  paths: StreamPaths,
  log: LogHandle,
  names: ReturnType<typeof namesIn>,
  covered: number,
): Segment | undefined => {
  for (const { name, from, to } of names) {
    if (from !== covered) continue;
    const opened = openRegularIfThere(files, path.join(paths.index, name), readOnly);
    if (opened === undefined) continue;
    const header = checkedHeader(files, opened.fd, paths, log, from, to);
    if (header !== undefined) return { name, fd: opened.fd, header };
    files.close(opened.fd);
  }
  return undefined;
};

/** A header is believed if it speaks of this very file and the record it ends with stands there. */
const checkedHeader = (
  files: FilePort,
  fd: number,
  { stream, encoded }: StreamPaths,
  log: LogHandle,
  from: number,
  to: number,
): SegmentHeader | undefined => {
  try {
    const header = readHeader(files, fd);
    if (header === undefined || header.from !== from || header.to !== to) return undefined;
    if (header.stream !== stream || header.ino !== log.ino || header.last.offset + header.last.length > to)
      return undefined;
    const record = recordAt(files, log.fd, header.last, header, stream, encoded);
    return record?.seq === header.seq ? header : undefined;
  } catch {
    return undefined;
  }
};
