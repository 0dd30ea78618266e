import fs from "node:fs";
import { emptyHead, type StoreFault } from "@mission-ledger/core";
import { allEvents, put, noteStream as stream, tryPut } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { inspectStream, openFileStore } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { faultyFiles } from "../testing/faulty-files.ts";
import { openBelow } from "../testing/open-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";

const codes: Record<string, string> = {
  ENOSPC: "STORAGE_FULL",
  EDQUOT: "STORAGE_FULL",
  EFBIG: "STORAGE_FULL",
  EROFS: "STORAGE_READ_ONLY",
  EACCES: "PERMISSION_DENIED",
  EPERM: "PERMISSION_DENIED",
  ENOTDIR: "STORE_MISSING",
  ESTALE: "STORE_MISSING",
  ELOOP: "UNSAFE_FILE",
  EISDIR: "UNSAFE_FILE",
  EMFILE: "RESOURCES_EXHAUSTED",
  ENFILE: "RESOURCES_EXHAUSTED",
  ENOMEM: "RESOURCES_EXHAUSTED",
  EIO: "STORAGE_ERROR",
  EWHATEVER: "INTERNAL",
};

describe("an error of the disk", () => {
  test.each(Object.entries(codes))(
    "%s at any call of an append means %s, and says truly whether it was written",
    async (errno, code) => {
      const before = openBelow();
      for (const call of [
        "open",
        "read",
        "write",
        "lstat",
        "fstat",
        "tryLock",
        "fdatasync",
      ] as (keyof FilePort)[]) {
        for (let skip = 0; skip < 6; skip += 1) {
          const directory = scratchDirectory();
          const faulty = faultyFiles();
          const store = await openFileStore({ directory, files: faulty.files });
          const { head } = await put(store, emptyHead, "first");
          faulty.failOnce(call, errno, skip);
          let fault: StoreFault | undefined;
          try {
            const appended = await tryPut(store, head, "second");
            if (appended._tag === "Conflict") throw new Error("conflict");
            await store.readBack(appended);
          } catch (error) {
            fault = error as StoreFault;
          }
          faulty.disarm();
          const where = `${call} ${skip}`;
          const lines = inspectStream({ directory, stream }).records;
          if (fault === undefined)
            expect(lines, where).toBe(2); // the fault hit nothing that matters, or was never reached
          else {
            expect(fault.code, where).toBe(call === "fdatasync" ? "DURABILITY_UNKNOWN" : code);
            if (fault.outcome === "not_written") expect(lines, where).toBe(1);
            expect(faulty.fired, where).toBe(true);
          }
          const { suspect } = inspectStream({ directory, stream });
          expect(suspect, where).toBe(
            call.startsWith("fdatasync") ||
              (call === "write" && errno === "EIO" && skip === 1) /* after the signature */
              ? faulty.fired
              : false,
          );
          if (!suspect) {
            const repeat = await put(store, head, "second");
            expect(repeat.head.revision, where).toBe(1);
            expect(
              (await allEvents(store.readAll())).map(({ commandId }) => commandId),
              where,
            ).toEqual(["first", "second"]);
          }
          await store.close();
          fs.rmSync(directory, { recursive: true });
          if (!faulty.fired) break;
        }
      }
      expect(openBelow()).toEqual(before);
    },
  );

  test("that cuts a write short leaves no record, and the next writer seals what is there", async () => {
    const directory = scratchDirectory();
    const faulty = faultyFiles();
    const store = await openFileStore({ directory, files: faulty.files });
    const { head } = await put(store, emptyHead, "first");
    const size = (): number => fs.statSync(layoutOf(directory).of(stream).log).size;
    const length = size();
    // The second of these stops exactly behind the seal of the first.
    for (const bytes of [1, 7, 100, length - 1]) {
      faulty.shortenNextWrite(bytes);
      await expect(put(store, head, "second")).rejects.toMatchObject({
        code: "STORAGE_FULL",
        outcome: "not_written",
        retryable: true,
      });
      expect(await allEvents(store.read(stream))).toHaveLength(1);
    }
    expect((await put(store, head, "second")).repeated).toBe(false);
    await store.close();
    expect(inspectStream({ directory, stream })).toMatchObject({
      records: 2,
      sealedFragments: 3,
      findings: [],
    });
  });

  test("at the flush leaves the outcome open, and keeps all writers out", async () => {
    const directory = scratchDirectory();
    const faulty = faultyFiles();
    const store = await openFileStore({ directory, files: faulty.files });
    const { head } = await put(store, emptyHead, "first");
    faulty.failOnce("fdatasync", "EIO");
    await expect(put(store, head, "second")).rejects.toMatchObject({
      code: "DURABILITY_UNKNOWN",
      outcome: "unknown",
    });
    const other = await openFileStore({ directory });
    for (const writer of [store, other]) {
      const refused = { code: "DURABILITY_UNKNOWN", outcome: "not_written" };
      // The second may count once the log is recovered; the third was never written.
      await expect(put(writer, head, "second")).rejects.toMatchObject({ ...refused, outcome: "unknown" });
      await expect(put(writer, head, "third")).rejects.toMatchObject(refused);
      await expect(writer.confirm(stream, head)).rejects.toMatchObject(refused);
    }
    expect(inspectStream({ directory, stream }).suspect).toBe(true);
    await store.close();
    await other.close();
  });

  test("at the flush of a new log's directory writes nothing", async () => {
    const directory = scratchDirectory();
    const faulty = faultyFiles();
    const store = await openFileStore({ directory, files: faulty.files });
    faulty.failOnce("fsync", "EIO");
    await expect(put(store, emptyHead, "first")).rejects.toMatchObject({
      code: "DURABILITY_UNKNOWN",
      outcome: "not_written",
      // A folder is no mission: what mends a mission would be proposed for a path.
      details: expect.not.objectContaining({ stream: expect.stringContaining("/") }),
    });
    expect(await allEvents(store.read(stream))).toEqual([]);
    await store.close();
  });
});
