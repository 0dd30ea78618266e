/** What happened to one path, with both sides. */

/** One side of a change. */
export interface Blob {
  /** Git's six octal digits: `100644`, `100755` (executable), `120000` (symbolic link), `160000` (submodule). */
  readonly mode: string;
  /** Object id of the content; of a submodule, its commit. */
  readonly object: string;
}

interface Changed {
  /** Where it is now; of a deletion, where it was. From the top of the repository, with slashes; see `pathText`. */
  readonly path: string;
  /** Whether git takes either side for binary: attributes of the work tree count. */
  readonly isBinary: boolean;
}

export type FileChange =
  | (Changed & { readonly _tag: "Added"; readonly after: Blob })
  | (Changed & { readonly _tag: "Deleted"; readonly before: Blob })
  /** Content, mode, or both. */
  | (Changed & { readonly _tag: "Modified"; readonly before: Blob; readonly after: Blob })
  /** A file became a symbolic link or a submodule, or the other way round. */
  | (Changed & { readonly _tag: "TypeChanged"; readonly before: Blob; readonly after: Blob })
  | (Changed & {
      readonly _tag: "Renamed" | "Copied";
      /** The other side. */
      readonly from: string;
      readonly before: Blob;
      readonly after: Blob;
      /** How much of the content is the same, 0 to 100. */
      readonly similarity: number;
    })
  /** In the index only: a merge is not finished. */
  | (Changed & { readonly _tag: "Unmerged" });

const submoduleMode = "160000";

/** Whether a path holds the same in two places: the same bytes in the same mode, or nothing in both. */
export const isSameBlob = (one: Blob | null, other: Blob | null): boolean =>
  one === null || other === null ? one === other : one.mode === other.mode && one.object === other.object;

export const isSubmodule = (change: FileChange): boolean =>
  ("before" in change && change.before.mode === submoduleMode) ||
  ("after" in change && change.after.mode === submoduleMode);

/** Every path that a change touches: of a rename both, of a copy only the new one, since the other stays as it is. */
export const pathsTouched = (change: FileChange): readonly string[] =>
  change._tag === "Renamed" ? [change.from, change.path] : [change.path];
