import fs from "node:fs";
import path from "node:path";
import { emptyHead } from "@mission-ledger/core";
import { put, putMany, noteStream as stream } from "@mission-ledger/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { findLeftovers, inspectStream, openFileStore, repairStream } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { dyingAt } from "../testing/dying-files.ts";
import { errnoError, faultyFiles } from "../testing/faulty-files.ts";
import { openBelow } from "../testing/open-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";

/** Foreign text and a flipped bit; behind a failed flush where it is asked for. */
let sound: Buffer;
let damaged: Buffer;
beforeAll(async () => {
  const directory = scratchDirectory();
  const store = await openFileStore({ directory });
  await putMany(store, 6);
  await store.close();
  sound = fs.readFileSync(layoutOf(directory).of(stream).log);
  const flipped = Buffer.from(sound);
  const at = flipped.indexOf('"c3"') + 30;
  flipped[at] = (flipped[at] as number) ^ 1;
  damaged = Buffer.concat([Buffer.from("foreign\n"), flipped]);
});

const ledger = (
  isSuspect: boolean,
): { readonly directory: string; readonly log: string; readonly suspect: string } => {
  const directory = scratchDirectory();
  const { log, suspect } = layoutOf(directory).of(stream);
  for (const folder of [log, suspect]) fs.mkdirSync(path.dirname(folder));
  fs.writeFileSync(log, damaged);
  if (isSuspect) fs.writeFileSync(suspect, "");
  return { directory, log, suspect };
};

/** As often as it takes, always the same end. */
const expectMended = async (directory: string, log: string): Promise<void> => {
  expect(await repairStream({ directory, stream })).toMatchObject({ writable: true });
  expect(fs.readFileSync(log).equals(sound)).toBe(true);
  expect(inspectStream({ directory, stream })).toMatchObject({ findings: [], suspect: false, records: 6 });
  expect(await repairStream({ directory, stream })).toMatchObject({ outcome: "sound" });
  const store = await openFileStore({ directory });
  const head = await store.head(stream);
  expect(await put(store, emptyHead, "c3")).toMatchObject({ repeated: true });
  await put(store, head, "c6");
  await store.close();
};

describe("a repair that is cut off", () => {
  test.each([false, true])(
    "by death at any call ends the same when it is run again (suspect before: %s)",
    async (isSuspect) => {
      const kept = new Set<string>();
      for (let turn = 0; ; turn += 1) {
        const { directory, log, suspect } = ledger(isSuspect);
        const dying = dyingAt(turn);
        let finished = true;
        try {
          await repairStream({ directory, stream, files: dying.files });
        } catch (error) {
          finished = false;
          expect(error, `call ${turn}`).toMatchObject({ name: "StoreFault" });
        }
        const now = fs.readFileSync(log);
        const isNew = now.equals(sound);
        expect(isNew || now.equals(damaged), `call ${turn}`).toBe(true);
        // Whatever stands at the path, the old bytes are somewhere, whole.
        if (isNew)
          expect(
            findLeftovers({ directory }).quarantined.some(({ path: file }) =>
              fs.readFileSync(file).equals(damaged),
            ),
            `call ${turn}`,
          ).toBe(true);
        if (isSuspect && !isNew) expect(fs.existsSync(suspect), `call ${turn}`).toBe(true);
        kept.add(`${isNew ? "new" : "old"}${fs.existsSync(suspect) ? " marked" : ""}`);
        await expectMended(directory, log);
        fs.rmSync(directory, { recursive: true });
        if (finished && !dying.died) break;
      }
      expect([...kept].sort()).toEqual(
        ["new", "new marked", ...(isSuspect ? [] : ["old"]), "old marked"].sort(),
      );
    },
  );

  test.each(["ENOSPC", "EIO", "EACCES", "EMFILE"])(
    "by %s at any call says truly whether the log is as it was",
    async (errno) => {
      const calls: readonly (keyof FilePort)[] = [
        "open",
        "read",
        "write",
        "fstat",
        "lstat",
        "mkdir",
        "readdir",
        "fdatasync",
        "fsync",
        "rename",
        "unlink",
        "tryLock",
      ];
      const before = openBelow();
      for (const call of calls)
        for (let skip = 0; ; skip += 1) {
          const { directory, log, suspect } = ledger(false);
          const faulty = faultyFiles();
          faulty.failOnce(call, errno, skip);
          const where = `${call} ${skip}`;
          let outcome = "done";
          try {
            await repairStream({ directory, stream, files: faulty.files });
          } catch (error) {
            expect(error, where).toMatchObject({ name: "StoreFault" });
            outcome = (error as { readonly outcome: string }).outcome;
          }
          const now = fs.readFileSync(log);
          expect(now.equals(damaged) || now.equals(sound), where).toBe(true);
          if (outcome === "not_written") expect(now.equals(damaged), where).toBe(true);
          if (outcome === "unknown") expect(fs.existsSync(suspect), where).toBe(true);
          if (outcome === "done") expect(now.equals(sound), where).toBe(true);
          expect(findLeftovers({ directory }).unfinished.length, where).toBe(
            call === "unlink" && outcome !== "done" && now.equals(damaged) ? 1 : 0,
          );
          if (skip % 4 === 0) await expectMended(directory, log);
          fs.rmSync(directory, { recursive: true });
          if (!faulty.fired) break;
        }
      expect(openBelow()).toEqual(before);
    },
  );

  test("by a fault at any of its failpoints ends the same when it is run again", async () => {
    const seen = new Set<string>();
    const first = ledger(true);
    await repairStream({ ...first, stream, failpoint: (name) => seen.add(name) });
    expect(seen.size).toBeGreaterThan(12);
    for (const point of seen) {
      const { directory, log } = ledger(true);
      const failpoint = (name: string): void => {
        if (name === point) throw errnoError("EIO");
      };
      await expect(repairStream({ directory, stream, failpoint }), point).rejects.toMatchObject({
        name: "StoreFault",
      });
      await expectMended(directory, log);
    }
  });
});
