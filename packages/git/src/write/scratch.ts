/**
 * A place to build trees and commits in, apart from the user's: an index of its own, and, where nothing may be left behind, a
 * store of objects of its own that reads from the repository's. The user's index, work tree and refs are never touched.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { GitPlace } from "../run/git-place.ts";
import { askGit } from "../run/run-git.ts";

export interface ScratchOptions {
  /** Whether what is built stays in the repository; if not, it is gone when the work is done. @defaultValue false */
  readonly keepObjects?: boolean;
}

/** Runs `work` with a place whose index is new and empty. The folder is removed afterwards, however it ends. */
export const withScratch = async <Result>(
  place: GitPlace,
  work: (scratch: GitPlace) => Promise<Result>,
  { keepObjects = false }: ScratchOptions = {},
): Promise<Result> => {
  const objects = await askGit(place, ["rev-parse", "--path-format=absolute", "--git-path", "objects"]);
  const folder = await mkdtemp(path.join(tmpdir(), "mission-ledger-focus-"));
  try {
    const own = path.join(folder, "objects");
    if (!keepObjects) await mkdir(own);
    const { GIT_OBJECT_DIRECTORY, GIT_ALTERNATE_OBJECT_DIRECTORIES: alternates, ...env } = place.env ?? {};
    const elsewhere = [quoted(objects), ...(alternates === undefined ? [] : [alternates])];
    return await work({
      ...place,
      env: {
        ...(keepObjects ? place.env : env),
        ...(keepObjects
          ? {}
          : {
              GIT_OBJECT_DIRECTORY: own,
              GIT_ALTERNATE_OBJECT_DIRECTORIES: elsewhere.join(path.delimiter),
            }),
        GIT_INDEX_FILE: path.join(folder, "index"),
      },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Source: git(1), GIT_ALTERNATE_OBJECT_DIRECTORIES. */
const quoted = (folder: string): string => `"${folder.replace(/["\\]/g, "\\$&")}"`;
