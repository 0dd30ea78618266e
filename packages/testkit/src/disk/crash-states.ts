/**
 * All disks that a power cut can leave, from a snapshot: every legal subset of the changes of names, and for each every state
 * of the files that can still be reached.
 *
 * Of several files with unflushed bytes one at a time takes all of its states, while each of the others is as flushed or
 * whole; the full product would be out of reach, and a protocol that is wrong about two torn files is wrong about one.
 */
import { ContentStates } from "./content-states.ts";
import { type ContentSnapshot, type Extent, FileContent } from "./file-content.ts";
import { type DiskSnapshot, SimulatedDisk } from "./simulated-disk.ts";
import { type DirectoryInode, type FileInode, type Inode, requirementsOf } from "./tree.ts";

/** Of more changes of names than this only the outermost losses are shown; more unflushed files are not enumerated. */
const mostChanges = 12;
const mostFiles = 8;

interface Directory {
  readonly name: string;
  readonly ino: number;
  /** Index of the directory that holds it; -1 for the root. */
  readonly parent: number;
}
interface File extends Directory {
  readonly inode: FileInode;
  readonly path: string;
  readonly states: ContentStates;
}

/** The names that a power cut leaves. */
interface Skeleton {
  readonly directories: readonly Directory[];
  readonly files: readonly File[];
  readonly dirty: readonly number[];
  readonly key: string;
  readonly lost: readonly string[];
}

/** One disk after a power cut: names, and a state for each file. Valid only until the next one is shown. */
export interface CrashState {
  /** Equal for disks that hold the same; of drawn ones, only for disks that hold the same. */
  readonly key: string;
  /** Nothing was lost: what the death of a process leaves. */
  readonly isWhole: boolean;
  /** The power comes back. */
  mount(): SimulatedDisk;
  describe(): string;
}

/** Whether a file is torn at every byte, or only lost or kept as a whole. */
export type CrashGrain = "every byte" | "whole files";

export interface CrashStates {
  /** Shows every state of a snapshot; answers whether really every one was shown. */
  all(snapshot: DiskSnapshot, visit: (state: CrashState) => void, grain?: CrashGrain): boolean;
  /** Shows one state, drawn. `fraction` is a source of numbers from 0 up to 1. */
  draw(snapshot: DiskSnapshot, fraction: () => number): CrashState;
}

/** Keeps what it has worked out of contents, so that later snapshots of the same history cost less. */
export const crashStates = (): CrashStates => {
  const statesOf = new WeakMap<ContentSnapshot, ContentStates>();
  const ids = new Map<string, number>();
  const names = new Map<string, number>();
  const skeletons = new Map<string, Skeleton>();
  let drawnFrom: DiskSnapshot | undefined;
  let neededBy: readonly (readonly number[])[] = [];

  /** A short name for a text, so that keys of states stay short. */
  const keyOf = (text: string): string => {
    const known = names.get(text) ?? names.size + 1;
    names.set(text, known);
    return `${known}:`;
  };
  const intern = ({ bytes, length }: Extent): number => {
    const text = textOf(bytes, length);
    const known = ids.get(text);
    if (known !== undefined) return known;
    ids.set(text, ids.size + 1);
    return ids.size;
  };
  const states = (content: ContentSnapshot): ContentStates => {
    const known = statesOf.get(content);
    if (known !== undefined) return known;
    const made = new ContentStates(content);
    statesOf.set(content, made);
    return made;
  };

  const skeletonOf = (snapshot: DiskSnapshot, kept: readonly boolean[]): Skeleton => {
    const { durable, changes, contents } = snapshot;
    const entries = new Map<DirectoryInode, Map<string, Inode>>();
    changes.forEach(({ places }, index) => {
      if (kept[index] !== true) return;
      for (const { directory, name, inode } of places) {
        const names = entries.get(directory) ?? new Map(durable.get(directory));
        entries.set(directory, names);
        if (inode === undefined) names.delete(name);
        else names.set(name, inode);
      }
    });
    const directories: Directory[] = [];
    const files: File[] = [];
    const walk = (directory: DirectoryInode, parent: number, path: string): void => {
      for (const [name, inode] of entries.get(directory) ?? durable.get(directory) ?? []) {
        const below = `${path}/${name}`;
        if (below === "/proc") continue;
        if (inode._tag === "File") {
          const content = contents.get(inode) as ContentSnapshot;
          files.push({ name, parent, ino: inode.ino, inode, path: below, states: states(content) });
        } else {
          directories.push({ name, parent, ino: inode.ino });
          walk(inode, directories.length - 1, below);
        }
      }
    };
    walk(snapshot.root, -1, "");
    files.sort((one, other) => (one.path < other.path ? -1 : 1));
    return {
      directories,
      files,
      dirty: files.flatMap(({ states: { count } }, index) => (count > 1 ? [index] : [])),
      key: keyOf(
        `${directories.map(({ name, parent }) => `${parent}/${name}`).join()}|${files.map(({ path }) => path).join()}`,
      ),
      lost: changes.flatMap(({ what }, index) => (kept[index] === true ? [] : [what])),
    };
  };

  /** The snapshot that was drawn from last is mostly drawn from again. */
  const drawFrom = (snapshot: DiskSnapshot): void => {
    if (drawnFrom === snapshot) return;
    drawnFrom = snapshot;
    skeletons.clear();
    neededBy = snapshot.changes.map((_, index) => requirementsOf(snapshot.changes, index));
  };

  const keptSkeleton = (snapshot: DiskSnapshot, kept: readonly boolean[]): Skeleton => {
    const key = kept.map(Number).join("");
    const known = skeletons.get(key) ?? skeletonOf(snapshot, kept);
    skeletons.set(key, known);
    return known;
  };

  const mount = (
    { boot, openFlags }: DiskSnapshot,
    skeleton: Skeleton,
    chosen: readonly number[],
  ): SimulatedDisk => {
    const disk = new SimulatedDisk({ openFlags }, boot + 1);
    const { tree } = disk;
    const made: DirectoryInode[] = [];
    const put = (parent: number, name: string, inode: Inode): void => {
      const holder = parent < 0 ? tree.root : (made[parent] as DirectoryInode);
      holder.entries.set(name, inode);
      holder.durable.set(name, inode);
    };
    for (const { name, parent, ino } of skeleton.directories) {
      const inode = tree.directory(ino);
      made.push(inode);
      put(parent, name, inode);
    }
    const linked = new Map<FileInode, FileInode>();
    skeleton.files.forEach(({ name, parent, inode, states: contentStates }, index) => {
      const known = linked.get(inode);
      if (known !== undefined) known.nlink += 1;
      const content = contentStates.contentOf(chosen[index] as number);
      const file = known ?? tree.file(new FileContent(content), inode.ino);
      linked.set(inode, file);
      put(parent, name, file);
    });
    tree.startNumbersAt(
      Math.max(0, ...skeleton.directories.map(({ ino }) => ino), ...skeleton.files.map(({ ino }) => ino)) + 1,
    );
    return disk;
  };

  const keyOfChosen = ({ key, files }: Skeleton, chosen: readonly number[]): string => {
    let text = key;
    for (let index = 0; index < files.length; index += 1)
      text += `${(files[index] as File).states.idOf(chosen[index] as number, intern)},`;
    return text;
  };

  /** What was drawn is seldom drawn again, so its bytes are not compared. */
  const keyOfDrawn = ({ key, files }: Skeleton, chosen: readonly number[]): string => {
    let text = key;
    for (let index = 0; index < files.length; index += 1)
      text += `${(files[index] as File).states.id}.${chosen[index]},`;
    return text;
  };

  const describe = ({ files, dirty, lost }: Skeleton, chosen: readonly number[]): string =>
    [
      ...dirty.map((index) => {
        const { path, states: contentStates } = files[index] as File;
        return `${path}: ${contentStates.describe(chosen[index] as number)}`;
      }),
      ...(lost.length > 0 ? [`lost: ${lost.join(", ")}`] : []),
    ].join("; ") || "nothing was unflushed";

  const allOf = (
    snapshot: DiskSnapshot,
    skeleton: Skeleton,
    visit: (state: CrashState) => void,
    grain: CrashGrain,
  ): boolean => {
    const { files, dirty, lost } = skeleton;
    if (dirty.length > mostFiles) return false;
    const chosen = files.map(() => 0);
    const show = (): void => {
      visit({
        key: keyOfChosen(skeleton, chosen),
        isWhole:
          lost.length === 0 && dirty.every((index) => chosen[index] === (files[index] as File).states.whole),
        mount: () => mount(snapshot, skeleton, chosen),
        describe: () => describe(skeleton, chosen),
      });
    };
    const coarse = (others: readonly number[]): void => {
      for (let mask = 0; mask < 2 ** others.length; mask += 1) {
        others.forEach((index, bit) => {
          chosen[index] = (mask >> bit) & 1 ? (files[index] as File).states.whole : 0;
        });
        show();
      }
    };
    coarse(dirty);
    if (grain === "whole files") return dirty.length === 0;
    for (const fine of dirty) {
      const { count, whole } = (files[fine] as File).states;
      const others = dirty.filter((index) => index !== fine);
      for (let state = 1; state < count; state += 1) {
        if (state === whole) continue;
        chosen[fine] = state;
        coarse(others);
      }
    }
    return dirty.every((index) => (files[index] as File).states.isComplete);
  };

  return {
    all: (snapshot, visit, grain = "every byte") => {
      const { changes } = snapshot;
      const requirements = changes.map((_, index) => requirementsOf(changes, index));
      if (changes.length > mostChanges) {
        for (const some of outermost(requirements)) allOf(snapshot, skeletonOf(snapshot, some), visit, grain);
        return false;
      }
      const kept = changes.map(() => false);
      let isWhole = true;
      const choose = (index: number): void => {
        if (index === changes.length) {
          if (!allOf(snapshot, skeletonOf(snapshot, kept), visit, grain)) isWhole = false;
          return;
        }
        kept[index] = false;
        choose(index + 1);
        if (!(requirements[index] as readonly number[]).every((needed) => kept[needed])) return;
        kept[index] = true;
        choose(index + 1);
        kept[index] = false;
      };
      choose(0);
      return isWhole;
    },
    draw: (snapshot, fraction) => {
      drawFrom(snapshot);
      // Nothing kept, everything kept, and all between: each of them often enough.
      const mood = fraction() * 3;
      const keeps = (): boolean => (mood < 1 ? fraction() < 0.5 : mood < 2);
      const kept: boolean[] = [];
      for (const needed of neededBy) kept.push(needed.every((earlier) => kept[earlier] === true) && keeps());
      const skeleton = keptSkeleton(snapshot, kept);
      const chosen = skeleton.files.map(({ states: { count, whole } }) => {
        if (count === 1) return 0;
        const kind = fraction();
        return kind < 0.15 ? 0 : kind < 0.3 ? whole : Math.floor(fraction() * count);
      });
      return {
        key: keyOfDrawn(skeleton, chosen),
        isWhole: false,
        mount: () => mount(snapshot, skeleton, chosen),
        describe: () => describe(skeleton, chosen),
      };
    },
  };
};

/** Of too many changes: none, all, each one lost with what rests on it, and each one kept with what it rests on. */
const outermost = (requirements: readonly (readonly number[])[]): readonly (readonly boolean[])[] => {
  const without = (lost: number): readonly boolean[] => {
    const kept: boolean[] = [];
    requirements.forEach((needed, index) => {
      kept.push(index !== lost && needed.every((earlier) => kept[earlier] === true));
    });
    return kept;
  };
  const only = (last: number): readonly boolean[] => {
    const kept = requirements.map(() => false);
    const keep = (index: number): void => {
      kept[index] = true;
      for (const earlier of requirements[index] ?? []) keep(earlier);
    };
    keep(last);
    return kept;
  };
  return [
    requirements.map(() => false),
    requirements.map(() => true),
    ...requirements.flatMap((_, index) => [without(index), only(index)]),
  ];
};

const chunkBytes = 8_192;

/** Bytes as a key: one character each. */
const textOf = (bytes: Uint8Array, length: number): string => {
  let text = "";
  for (let from = 0; from < length; from += chunkBytes)
    text += String.fromCharCode(...bytes.subarray(from, Math.min(length, from + chunkBytes)));
  return text;
};
