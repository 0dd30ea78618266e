import fs from "node:fs";
import path from "node:path";
import {
  believedSnapshotConformance,
  snapshotStoreConformance,
  viewStoreConformance,
} from "@mission-ledger/testkit";
import { describe, it } from "vitest";
import { openFileStore } from "../file-store.ts";
import { layoutOf } from "../layout.ts";
import { fileSnapshots } from "../snapshots.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { fileViews } from "./file-views.ts";

/** Turns one bit in the middle of every file. */
const damageFiles = (folder: string): void => {
  for (const name of fs.readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const file = path.join(folder, name);
    if (!fs.statSync(file).isFile()) continue;
    const bytes = fs.readFileSync(file);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 4;
    fs.writeFileSync(file, bytes);
  }
};

viewStoreConformance({
  describe,
  it,
  title: "views in files",
  open: async () => {
    const directory = scratchDirectory();
    return { cache: fileViews({ directory }), directory };
  },
  reopen: async ({ directory }) => fileViews({ directory }),
  damage: ({ directory }) => damageFiles(layoutOf(directory).views),
  offers: ["drop"],
});

snapshotStoreConformance({
  describe,
  it,
  title: "snapshots in files",
  open: async () => {
    const directory = scratchDirectory();
    return { cache: fileSnapshots({ directory }), directory };
  },
  reopen: async ({ directory }) => fileSnapshots({ directory }),
  damage: ({ directory }) => damageFiles(layoutOf(directory).snapshots),
  unwritable: async () => fileSnapshots({ directory: "/proc/nowhere" }),
  offers: ["sets"],
});

believedSnapshotConformance({
  describe,
  it,
  title: "a file store and its snapshots",
  open: async () => {
    const directory = scratchDirectory();
    const folder = layoutOf(directory).snapshots;
    return {
      store: await openFileStore({ directory }),
      snapshots: fileSnapshots({ directory }),
      damage: () => {
        for (const name of fs.readdirSync(folder)) {
          const file = path.join(folder, name);
          fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("999", "998"));
        }
      },
    };
  },
  damages: true,
});
