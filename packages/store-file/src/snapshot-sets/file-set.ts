/**
 * A set of snapshots on its way: each part one file of sealed lines (its pack) and one that says what is in it (its journal).
 * `activate` writes an index over all packs and then replaces the file that names the generation: until then nobody looks at
 * any of them, afterwards nobody at the former ones. Killed at any call, it leaves the one or the other.
 */
import path from "node:path";
import {
  type SnapshotEntry,
  type SnapshotSet,
  type SnapshotSetOptions,
  StoreFault,
  type StreamHead,
} from "@mission-ledger/core";
import { faultOf } from "../faults.ts";
import { flushDirectory, makeDirectories, openRegular, readWriteCreate } from "../files/safe-files.ts";
import { removeQuietly, writeFully, writeNewFile } from "../files/write-file.ts";
import { sealedLength, sealInto, sealLine } from "../log/sealed-line.ts";
import { encodeStreamName } from "../names.ts";
import { nameIn, readGeneration, removeOthers, type SnapshotFolder, writeGeneration } from "./generation.ts";
import { type JournalEntry, journalEnd, journalLine, readJournal } from "./journal.ts";
import { hashOf, type PackPlace, packIndex } from "./pack-index.ts";
import { snapshotText } from "./snapshot-line.ts";

export interface FileSetOptions extends SnapshotFolder, SnapshotSetOptions {
  /** A larger snapshot is not kept. */
  readonly maxBytes: number;
}

/** Bytes that are held before they are written. */
const mostHeld = 262_144;
const packEnd = ".pack";

export const beginFileSet = ({ plan, part = "0", maxBytes, ...place }: FileSetOptions): SnapshotSet => {
  const { files, folder } = place;
  const disk = <A>(action: () => A): A => {
    try {
      return action();
    } catch (error) {
      throw faultOf(error, "write", { part });
    }
  };
  const id = disk(() => generationFor(place, plan));
  const partName = nameIn(id, encodeStreamName(part));
  const { pack, journal } = disk(() => openPart(place, partName, part));
  let isOpen = true;
  // Filled again and again: a million events leave some hundred megabytes of lines, which nobody frees in time.
  const held = Buffer.allocUnsafeSlow(mostHeld);
  let heldBytes = 0;
  let lines: Buffer[] = [];
  /** Where the next snapshot stands, and up to where they were written. */
  let end = pack.end;
  let written = pack.end;
  let journalEndAt = journal.end;
  let isNamed = false;

  const write = (): void => {
    if (heldBytes === 0) return;
    writeFully(files, pack.fd, held.subarray(0, heldBytes), written);
    written += heldBytes;
    heldBytes = 0;
  };
  const flush = (): void => {
    if (lines.length === 0) return;
    write();
    files.fdatasync(pack.fd);
    const text = Buffer.concat(lines);
    writeFully(files, journal.fd, text, journalEndAt);
    files.fdatasync(journal.fd);
    journalEndAt += text.length;
    lines = [];
    if (isNamed) return;
    flushDirectory(files, folder, (error) => error);
    isNamed = true;
  };
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    for (const { fd } of [pack, journal])
      try {
        files.close(fd);
      } catch {
        // Nothing more can be done for it.
      }
  };
  /** Entries of all parts, and which pack each is in. */
  const eachEntry = (take: (entry: JournalEntry, pack: string) => void): void => {
    const journals = files
      .readdir(folder)
      .filter((name) => name.startsWith(nameIn(id, "")) && name.endsWith(journalEnd))
      .sort();
    for (const name of journals) {
      const packName = `${name.slice(0, -journalEnd.length)}${packEnd}`;
      readJournal(files, folder, name, (entry) => take(entry, packName));
    }
  };

  return {
    finished: async () =>
      disk(() => {
        flush();
        const heads = new Map<string, StreamHead>();
        eachEntry(({ stream, head }) => heads.set(stream, head));
        return heads;
      }),
    add: async (stream, entries) =>
      disk(() => {
        const head = leastHead(entries);
        if (head === undefined) return;
        const places: [number, number, number][] = [];
        for (const { key, snapshot } of entries) {
          const text = snapshotText(key, snapshot);
          const length = sealedLength(text);
          if (length > maxBytes) continue;
          places.push([hashOf(key), end, length]);
          if (heldBytes + length > mostHeld) write();
          if (length > mostHeld) {
            writeFully(files, pack.fd, sealLine(text), written);
            written += length;
          } else heldBytes = sealInto(held, heldBytes, text);
          end += length;
        }
        lines.push(journalLine({ stream, head, places }));
      }),
    flush: async () => disk(flush),
    activate: async () =>
      disk(() => {
        flush();
        if (readGeneration(place, "next")?.id !== id) throw setTaken();
        const packs: string[] = [];
        const byStream = new Map<string, readonly PackPlace[]>();
        eachEntry(({ stream, places }, packName) => {
          if (packs.at(-1) !== packName) packs.push(packName);
          const number = packs.length - 1;
          byStream.set(
            stream,
            places.map(([hash, offset, length]) => ({ hash, pack: number, offset, length })),
          );
        });
        writeIndex(place, nameIn(id, "index"), packIndex(packs, [...byStream.values()].flat()));
        writeGeneration(place, "current", { id });
        // What is left by a death from here on is removed with the next set.
        removeQuietly(files, path.join(folder, "next"));
        close();
        removeOthersQuietly(place, { current: id, next: undefined });
      }),
    discard: async () =>
      disk(() => {
        close();
        lines = [];
        removeQuietly(files, path.join(folder, "next"));
        removeOthers(place, { current: readGeneration(place, "current")?.id, next: undefined });
      }),
    close: async () => close(),
  };
};

/** The generation that is being made by this plan; one of another plan is dropped for a new one. */
const generationFor = (place: SnapshotFolder, plan: string): string => {
  makeDirectories(place.files, place.folder);
  const current = readGeneration(place, "current")?.id;
  const next = readGeneration(place, "next");
  if (next !== undefined && next.plan === plan && next.id !== current) return next.id;
  const id = place.randomness.uuid().slice(0, 8);
  writeGeneration(place, "next", { id, plan });
  removeOthersQuietly(place, { current, next: id });
  return id;
};

interface OpenedPart {
  readonly fd: number;
  readonly end: number;
}

const openPart = (
  { files, folder }: SnapshotFolder,
  name: string,
  part: string,
): { readonly pack: OpenedPart; readonly journal: OpenedPart } => {
  const pack = openRegular(files, path.join(folder, `${name}${packEnd}`), readWriteCreate);
  try {
    if (files.hasKernelLocks() && !files.tryLock(pack.fd)) throw partTaken(part);
    const journalName = `${name}${journalEnd}`;
    let end = 0;
    const journalLength = readJournal(files, folder, journalName, ({ places }) => {
      for (const [, offset, length] of places) end = Math.max(end, offset + length);
    });
    const { fd } = openRegular(files, path.join(folder, journalName), readWriteCreate);
    return { pack: { fd: pack.fd, end }, journal: { fd, end: journalLength } };
  } catch (error) {
    files.close(pack.fd);
    throw error;
  }
};

const writeIndex = ({ files, folder }: SnapshotFolder, name: string, bytes: Buffer): void => {
  const target = path.join(folder, name);
  removeQuietly(files, target);
  writeNewFile(files, target, bytes, { flush: true });
};

const removeOthersQuietly = (place: SnapshotFolder, kept: Parameters<typeof removeOthers>[1]): void => {
  try {
    removeOthers(place, kept);
  } catch {
    // The set counts; what is left costs room.
  }
};

const leastHead = (entries: readonly SnapshotEntry[]): StreamHead | undefined =>
  entries
    .map(({ snapshot }) => snapshot.head)
    .reduce<StreamHead | undefined>(
      (least, head) => (least === undefined || head.revision < least.revision ? head : least),
      undefined,
    );

const partTaken = (part: string): StoreFault =>
  new StoreFault("LOCK_TIMEOUT", `part ${part} of the snapshots is being written by somebody else`, {
    outcome: "not_written",
    retryable: true,
    hint: "Another rebuild is under way; wait for it to end.",
    details: { part },
  });

const setTaken = (): StoreFault =>
  new StoreFault("LOCK_TIMEOUT", "a set of other snapshots was begun in this one's place", {
    outcome: "not_written",
    retryable: true,
    hint: "Another rebuild is under way, of other views or by another version; wait for it to end.",
  });
