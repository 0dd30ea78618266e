/** Snapshots in a folder, with sets that several threads write and a kill may interrupt. Read slowly: all at once. */
import fs from "node:fs";
import path from "node:path";
import type { Snapshot, SnapshotEntry, SnapshotKey, SnapshotStore, StreamHead } from "@mission-ledger/core";

type Line = readonly [stream: string, entries: readonly SnapshotEntry[]];

const linesIn = (folder: string): readonly Line[] =>
  namesIn(folder)
    .filter((name) => name.startsWith("part-"))
    .flatMap((name) => fs.readFileSync(path.join(folder, name), "utf8").split("\n"))
    .flatMap((text) => parsed(text));

const namesIn = (folder: string): readonly string[] => {
  try {
    return fs.readdirSync(folder).sort();
  } catch {
    return [];
  }
};

/** A line that a kill cut off holds nothing. */
const parsed = (text: string): readonly Line[] => {
  try {
    return [JSON.parse(text) as Line];
  } catch {
    return [];
  }
};

const nameOf = ({ stream, name, version }: SnapshotKey): string => JSON.stringify([stream, name, version]);

export const folderSets = (folder: string): SnapshotStore => {
  fs.mkdirSync(folder, { recursive: true });
  const begun = path.join(folder, "begun");
  const current = (): string =>
    path.join(
      folder,
      namesIn(folder)
        .filter((name) => name.startsWith("live-"))
        .at(-1) ?? "none",
    );
  const contents = (): ReadonlyMap<string, Snapshot> =>
    new Map(
      linesIn(current()).flatMap(([, entries]) =>
        entries.map(({ key, snapshot }) => [nameOf(key), snapshot] as const),
      ),
    );
  return {
    load: async (key) => contents().get(nameOf(key)),
    save: async (key, snapshot) => {
      const live = current();
      fs.mkdirSync(live === path.join(folder, "none") ? path.join(folder, "live-000000") : live, {
        recursive: true,
      });
      fs.appendFileSync(
        path.join(current(), "part-saved"),
        `${JSON.stringify([key.stream, [{ key, snapshot }]])}\n`,
      );
    },
    beginSet: async ({ plan, part = "0" }) => {
      const planFile = path.join(begun, "plan");
      if (fs.existsSync(begun) && (!fs.existsSync(planFile) || fs.readFileSync(planFile, "utf8") !== plan))
        fs.rmSync(begun, { recursive: true });
      fs.mkdirSync(begun, { recursive: true });
      if (!fs.existsSync(planFile)) {
        fs.writeFileSync(`${planFile}-${part}`, plan);
        fs.renameSync(`${planFile}-${part}`, planFile);
      }
      const fd = fs.openSync(path.join(begun, `part-${part}`), "a");
      // What a kill left unfinished ends here.
      fs.writeSync(fd, "\n");
      return {
        finished: async () =>
          new Map<string, StreamHead>(
            linesIn(begun).map(([stream, entries]) => [stream, (entries[0] as SnapshotEntry).snapshot.head]),
          ),
        add: async (stream, entries) => {
          fs.writeSync(fd, `${JSON.stringify([stream, entries])}\n`);
        },
        flush: async () => {},
        activate: async () => {
          const before = namesIn(folder).filter((name) => name.startsWith("live-"));
          const next = String(before.length === 0 ? 1 : Number(before.at(-1)?.slice(5)) + 1).padStart(6, "0");
          fs.renameSync(begun, path.join(folder, `live-${next}`));
          for (const name of before) fs.rmSync(path.join(folder, name), { recursive: true });
        },
        discard: async () => fs.rmSync(begun, { recursive: true, force: true }),
        close: async () => fs.closeSync(fd),
      };
    },
  };
};
