import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { emptyHead } from "@mission-ledger/core";
import { allEvents, put, noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { openFileStore } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { scratchDirectory } from "../testing/scratch.ts";

describe("a file that is not ours", () => {
  test.each(["symlink", "fifo", "directory", "hard link"])(
    "a %s in place of the log is refused",
    async (kind) => {
      const directory = scratchDirectory();
      const { log } = layoutOf(directory).of(stream);
      fs.mkdirSync(path.dirname(log), { recursive: true });
      const elsewhere = path.join(directory, "elsewhere");
      fs.writeFileSync(elsewhere, "");
      if (kind === "symlink") fs.symlinkSync(elsewhere, log);
      if (kind === "fifo") execFileSync("mkfifo", [log]);
      if (kind === "directory") fs.mkdirSync(log);
      if (kind === "hard link") fs.linkSync(elsewhere, log);
      const store = await openFileStore({ directory });
      await expect(put(store, emptyHead, "first")).rejects.toMatchObject({
        code: "UNSAFE_FILE",
        outcome: "not_written",
      });
      await expect(allEvents(store.read(stream))).rejects.toMatchObject({ code: "UNSAFE_FILE" });
      await store.close();
      expect(fs.readFileSync(elsewhere, "utf8")).toBe("");
    },
  );

  test.each(["log", "lock"])("a link in place of the directory %s is not followed", async (name) => {
    const directory = scratchDirectory();
    const elsewhere = scratchDirectory();
    fs.symlinkSync(elsewhere, path.join(directory, name));
    const store = await openFileStore({ directory });
    await expect(put(store, emptyHead, "first")).rejects.toMatchObject({
      code: "UNSAFE_FILE",
      outcome: "not_written",
    });
    await store.close();
    expect(fs.readdirSync(elsewhere)).toEqual([]);
  });
});
