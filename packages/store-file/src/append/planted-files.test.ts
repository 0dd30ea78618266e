import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { emptyHead } from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import { openFileStore } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { all, put, stream } from "../testing/writing.ts";

const steps = [
  "append:lock",
  "append:catch-up",
  "append:write",
  "order:write",
  "append:flush",
  "append:release",
  "append:read-back",
  "append:read-back-bytes",
];

const plants: Record<string, (log: string) => void> = {
  unlinked: (log) => fs.unlinkSync(log),
  "replaced by a copy": (log) => {
    fs.copyFileSync(log, `${log}.copy`);
    fs.renameSync(`${log}.copy`, log);
  },
  "replaced by an empty file": (log) => {
    fs.renameSync(log, `${log}.old`);
    fs.writeFileSync(log, "");
  },
  "replaced by a link": (log) => {
    fs.renameSync(log, `${log}.old`);
    fs.symlinkSync(`${log}.old`, log);
  },
  "replaced by a FIFO": (log) => {
    fs.unlinkSync(log);
    execFileSync("mkfifo", [log]);
  },
  "given a second name": (log) => fs.linkSync(log, `${log}.twin`),
  "replaced by a directory": (log) => {
    fs.unlinkSync(log);
    fs.mkdirSync(log);
  },
  "moved away with its directory": (log) => fs.renameSync(path.dirname(log), `${path.dirname(log)}.old`),
};

describe("a log that is tampered with during an append", () => {
  test.each(Object.entries(plants))(
    "%s: a receipt is given only for bytes that stand at the path",
    async (_, plant) => {
      for (const step of steps) {
        const directory = scratchDirectory();
        const { log } = layoutOf(directory).of(stream);
        let armed = false;
        const failpoint = (name: string): void => {
          if (!armed || name !== step) return;
          armed = false;
          plant(log);
        };
        const store = await openFileStore({ directory, failpoint });
        const { head } = await put(store, emptyHead, "first");
        armed = true;
        let receipt = false;
        try {
          await put(store, head, "second");
          receipt = true;
        } catch (error) {
          if (!(error as Error).message.startsWith("conflict"))
            expect(error, step).toMatchObject({ name: "StoreFault" });
        }
        await store.close();
        if (!receipt) continue;
        // The readback's descriptor was opened while the log stood at the path: a later change is another matter.
        if (step !== "append:read-back-bytes")
          expect(fs.readFileSync(log, "utf8"), step).toContain('"second"');
      }
    },
  );
});

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
      await expect(all(store.read(stream))).rejects.toMatchObject({ code: "UNSAFE_FILE" });
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
