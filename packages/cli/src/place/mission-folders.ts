/** Finds Spec Kitty mission folders on disk and reads their files. Reads only regular files, and never writes. */
import fs from "node:fs";
import path from "node:path";
import type { FoundReviewFile, MissionFolder, NamedFile } from "@mission-ledger/spec-kitty";
import { CliError } from "../output/problem.ts";

export type FoundFolder =
  | { readonly path: string; readonly slug: string }
  | { readonly path: string; readonly slug: string; readonly error: CliError };

const logName = "status.events.jsonl";

/** A larger file is nobody's status log. */
const maxFileBytes = 268_435_456;

export const findMissionFolders = (
  cwd: string,
  given: string,
  warn: (warning: string) => void,
): readonly FoundFolder[] => {
  const folder = path.resolve(cwd, given);
  const found = { path: folder, slug: path.basename(folder) };
  if (isFile(path.join(folder, logName))) return [found];
  const children = childrenOf(folder);
  if (children === undefined)
    return [
      {
        ...found,
        error: new CliError(
          "NOT_FOUND",
          isFile(folder) ? `${folder} is a file, not a mission's folder` : `there is no folder ${folder}`,
          { details: { path: folder } },
        ),
      },
    ];
  const nested = children.includes("kitty-specs") ? path.join(folder, "kitty-specs") : undefined;
  const missions =
    nested === undefined
      ? missionsIn(folder, children, warn)
      : missionsIn(nested, childrenOf(nested) ?? [], warn);
  if (missions.length === 0) warn(`${folder}: no mission here has a ${logName}`);
  return missions;
};

const missionsIn = (
  folder: string,
  children: readonly string[],
  warn: (warning: string) => void,
): readonly FoundFolder[] =>
  children.flatMap((name): readonly FoundFolder[] => {
    const child = path.join(folder, name);
    if (!isFolder(child)) return [];
    if (isFile(path.join(child, logName))) return [{ path: child, slug: name }];
    warn(`${child} has no ${logName}; skipped`);
    return [];
  });

/** Throws `USAGE` when a file is there and cannot be read. */
export const readMissionFolder = ({
  path: folder,
  slug,
}: {
  readonly path: string;
  readonly slug: string;
}): MissionFolder => {
  const meta = readIfThere(path.join(folder, "meta.json"));
  const lanes = readIfThere(path.join(folder, "lanes.json"));
  const status = readIfThere(path.join(folder, "status.json"));
  const { workPackageFiles, reviewFiles } = readTaskFiles(folder);
  return {
    folderName: slug,
    log: readIfThere(path.join(folder, logName)) ?? new Uint8Array(),
    ...(meta === undefined ? {} : { meta }),
    ...(lanes === undefined ? {} : { lanes }),
    ...(status === undefined ? {} : { status }),
    ...(workPackageFiles.length === 0 ? {} : { workPackageFiles }),
    ...(reviewFiles.length === 0 ? {} : { reviewFiles }),
  };
};

export interface TaskFiles {
  readonly workPackageFiles: readonly NamedFile[];
  readonly reviewFiles: readonly FoundReviewFile[];
}

/** Throws `USAGE` when a file of a work package, or a folder, is there and cannot be read. A review file that cannot says so. */
export const readTaskFiles = (folder: string): TaskFiles => {
  const tasks = path.join(folder, "tasks");
  const names = childrenOf(tasks) ?? [];
  const workPackageFiles = names
    .filter((name) => /^WP.*\.md$/.test(name))
    .flatMap((name) => {
      const bytes = readIfThere(path.join(tasks, name));
      return bytes === undefined ? [] : [{ name: `tasks/${name}`, bytes }];
    });
  const reviewFiles = names
    .filter((name) => isFolder(path.join(tasks, name)))
    .flatMap((name) =>
      childrenToRead(path.join(tasks, name))
        .filter((file) => /^review-cycle-.*\.md$/is.test(file))
        .map((file) => readReviewFile(path.join(tasks, name, file), `tasks/${name}/${file}`)),
    );
  return { workPackageFiles, reviewFiles };
};

export const folderStanding = (folder: string): boolean => isFolder(folder);

export const readMetaOf = (folder: string): Uint8Array | undefined =>
  readIfThere(path.join(folder, "meta.json"));

/** A review is a page of text. */
const maxReviewBytes = 4_194_304;

/** What is there and cannot be read is a review that cannot be read, and never none. */
const readReviewFile = (file: string, name: string): FoundReviewFile => {
  const without = (problem: string): FoundReviewFile => ({ name, bytes: new Uint8Array(), problem });
  try {
    const status = fs.statSync(file);
    if (!status.isFile()) return without("is no file");
    if (status.size > maxReviewBytes) return without(`is longer than ${maxReviewBytes} bytes`);
    return { name, bytes: fs.readFileSync(file) };
  } catch (error) {
    return without(`cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
};

const childrenToRead = (folder: string): readonly string[] => {
  const children = childrenOf(folder);
  if (children !== undefined) return children;
  throw new CliError("USAGE", `${folder} cannot be read`, { details: { path: folder } });
};

const readIfThere = (file: string): Uint8Array | undefined => {
  if (!isFile(file)) return undefined;
  try {
    if (fs.statSync(file).size > maxFileBytes)
      throw new CliError("USAGE", `${file} is longer than ${maxFileBytes} bytes`);
    return fs.readFileSync(file);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError("USAGE", `${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
      details: { path: file },
    });
  }
};

const isFile = (file: string): boolean => statusOf(file)?.isFile() === true;

const isFolder = (folder: string): boolean => statusOf(folder)?.isDirectory() === true;

/** `undefined` also for a path through something that is no folder, or that may not be looked into. */
const statusOf = (file: string): fs.Stats | undefined => {
  try {
    return fs.statSync(file);
  } catch {
    return undefined;
  }
};

const childrenOf = (folder: string): readonly string[] | undefined => {
  try {
    return fs.readdirSync(folder).sort();
  } catch {
    return undefined;
  }
};
