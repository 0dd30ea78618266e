/**
 * A look at the end of a log, for readers that start from a snapshot and never meet what stands there. Costs one block,
 * however long the log is; takes no lock and writes nothing.
 */
import { faultOf } from "./faults.ts";
import type { FilePort } from "./files/file-port.ts";
import { nodeFiles } from "./files/node-files.ts";
import { glimpse, openRegularIfThere, readOnly } from "./files/safe-files.ts";
import { layoutOf, type StreamPaths } from "./layout.ts";
import { realRoot } from "./location/local-root.ts";
import { hardRecordBytes } from "./log/bounds.ts";
import { isDamagedTail } from "./log/damaged-tail.ts";
import { type Finding, foldLog, startOfLog } from "./log/fold.ts";

export interface GlanceOptions {
  readonly directory: string;
  readonly stream: string;
  /** Bytes from the end that are looked at, and more where no whole line lies in them. @defaultValue 65536 */
  readonly blockBytes?: number;
  readonly files?: FilePort;
}

export interface LogGlance {
  /** What is wrong with the last lines. Holes are not looked for: whoever reads across one meets it. */
  readonly findings: readonly Finding[];
  /** The last thing in the log is damaged, so what was written last may not be shown. */
  readonly endDamaged: boolean;
  /** A flush failed and the log was not recovered since. */
  readonly suspect: boolean;
}

/** Throws a `StoreFault` if the log cannot be read at all. */
export const glanceAtLog = ({
  directory,
  stream,
  blockBytes = 65_536,
  files = nodeFiles,
}: GlanceOptions): LogGlance => {
  const paths = layoutOf(realRoot(files, directory)).of(stream);
  try {
    const suspect = files.lstat(paths.suspect) !== undefined;
    const opened = openRegularIfThere(files, paths.log, readOnly);
    if (opened === undefined) return { findings: [], endDamaged: false, suspect };
    try {
      return { ...lookAtEnd(files, opened.fd, opened.status.size, blockBytes, paths), suspect };
    } finally {
      files.close(opened.fd);
    }
  } catch (error) {
    throw faultOf(error, "read", { stream, path: paths.log });
  }
};

const largestBlock = 4 * hardRecordBytes;

const lookAtEnd = (
  files: FilePort,
  fd: number,
  size: number,
  blockBytes: number,
  paths: StreamPaths,
): Omit<LogGlance, "suspect"> => {
  for (let length = blockBytes; ; length *= 4) {
    const from = Math.max(0, size - length);
    const bytes = glimpse(files, fd, from, size - from);
    // In the middle of the file the first line began before the block.
    const start = from === 0 ? 0 : bytes.indexOf(0x0a) + 1;
    const isEnough = from === 0 || length >= largestBlock || (start > 0 && bytes.indexOf(0x0a, start) >= 0);
    if (isEnough) return linesIn(bytes, start, from, paths);
  }
};

const linesIn = (
  bytes: Buffer,
  start: number,
  from: number,
  { stream, encoded }: StreamPaths,
): Omit<LogGlance, "suspect"> => {
  const findings: Finding[] = [];
  let line: Buffer = bytes.subarray(0, 0);
  const fold = foldLog(stream, encoded, startOfLog, (finding) => {
    if (isOfLine(finding, line)) findings.push(finding);
  });
  let endDamaged = false;
  let at = start;
  for (let end = bytes.indexOf(0x0a, at); end >= 0; end = bytes.indexOf(0x0a, at)) {
    line = bytes.subarray(at, end);
    const length = end + 1 - at;
    const before = findings.length;
    const step = fold.take({ bytes: line, offset: from + at, length, oversized: length > hardRecordBytes });
    endDamaged = step._tag === "Nothing" && findings.slice(before).some(({ kind }) => kind === "damaged");
    at = end + 1;
  }
  const tail = bytes.subarray(at);
  if (tail.length > 0 && isDamagedTail(tail)) {
    const why = "a record without its line feed";
    findings.push({ kind: "damaged", offset: from + at, length: tail.length, why });
    endDamaged = true;
  }
  return { findings, endDamaged };
};

const openMark = Buffer.from(',"branch":"open",');

/** Where the lines begin in the middle of the log, what comes before them is not known: only what a line says of itself counts. */
const isOfLine = ({ kind }: Finding, line: Buffer): boolean =>
  kind === "fork" ? line.includes(openMark) : kind !== "gap";
