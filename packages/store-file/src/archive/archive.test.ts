import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { copyLedger, noFailpoint } from "@mission-ledger/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { layoutOf } from "../layout.ts";
import { sealLine } from "../log/sealed-line.ts";
import { errnoError } from "../testing/faulty-files.ts";
import { growLogs, logsIn, type RandomLedger, writeLogs } from "../testing/random-logs.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { fileTransfer } from "../transfer/file-transfer.ts";
import { archiveSource, readArchiveHeader } from "./read-archive.ts";
import { writeArchive } from "./write-archive.ts";

const stream = "mission-m0";
const ledgers: fc.Arbitrary<RandomLedger> = fc
  .infiniteStream(fc.nat({ max: 1_000_000 }))
  .map((choices) => growLogs((below) => ((choices.next().value as number) ?? 0) % below, { streams: 1 }))
  .filter(({ logs }) => (logs.get(stream)?.length ?? 0) > 0);
const [ledger] = fc.sample(ledgers, { numRuns: 1, seed: 7 }) as [RandomLedger];

const written = (one = ledger): string => {
  const directory = scratchDirectory();
  writeLogs(directory, one);
  return directory;
};
const archive = (directory: string, name = "cold.jsonl.gz", failpoint = noFailpoint) =>
  writeArchive({
    from: fileTransfer({ directory }),
    stream,
    file: () => path.join(directory, "archive", name),
    failpoint,
  });

test("an archive gives the log back byte for byte, packed or not, into an empty ledger", async () => {
  await fc.assert(
    fc.asyncProperty(ledgers, fc.constantFrom("cold.jsonl.gz", "cold.jsonl"), async (one, name) => {
      const [from, to] = [written(one), scratchDirectory()];
      const { file } = await archive(from, name);
      await copyLedger({ from: archiveSource({ file }), to: fileTransfer({ directory: to }) });
      expect(logsIn(to)).toEqual(logsIn(from));
    }),
    { numRuns: 25 },
  );
});

test("an archive can be read and checked without any ledger", async () => {
  const directory = written();
  const { file, sha256, lines, size, made } = await archive(directory);
  const text = gunzipSync(fs.readFileSync(file)).toString("latin1");
  const log = fs.readFileSync(layoutOf(directory).of(stream).log, "latin1");
  expect(text.slice(text.indexOf("\n") + 1)).toBe(log);
  expect(JSON.parse(text.slice(0, text.indexOf("\n")))).toMatchObject({
    v: 1,
    kind: "mission-ledger archive",
    stream,
    lines,
    bytes: log.length,
    sha256,
  });
  expect({ made, size }).toEqual({ made: true, size: fs.statSync(file).size });
  expect(await readArchiveHeader({ file })).toMatchObject({ stream, sha256 });
});

test("an archive with one byte changed, added or missing is refused", async () => {
  const directory = written();
  const { file } = await archive(directory, "cold.jsonl");
  const whole = fs.readFileSync(file);
  const source = archiveSource({ file });
  const readAll = async (): Promise<void> => {
    for (const extent of await source.extents()) for await (const _ of source.read(extent));
  };
  await readAll();
  const step = Math.max(1, Math.floor(whole.length / 150));
  for (let at = 0; at < whole.length; at += step) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] as number) ^ 1;
    for (const bytes of [changed, whole.subarray(0, at), Buffer.concat([whole, whole.subarray(0, at)])]) {
      if (bytes.equals(whole)) continue;
      fs.writeFileSync(file, bytes);
      await expect(readAll(), `byte ${at}`).rejects.toMatchObject({ code: "LOG_CORRUPT" });
    }
  }
});

test("a packed archive that was cut off or is not one at all is refused in words", async () => {
  const { file } = await archive(written());
  const whole = fs.readFileSync(file);
  for (const bytes of [whole.subarray(0, whole.length - 9), Buffer.alloc(0), Buffer.from("hello\n")]) {
    fs.writeFileSync(file, bytes);
    const source = archiveSource({ file });
    const reading = (async () => {
      for (const extent of await source.extents()) for await (const _ of source.read(extent));
    })();
    await expect(reading).rejects.toMatchObject({
      code: "LOG_CORRUPT",
      hint: "Use another copy of the archive.",
    });
  }
});

test("archiving again into the same file finds it there; a file of somebody else is not touched", async () => {
  const directory = written();
  const { file } = await archive(directory);
  expect(await archive(directory)).toMatchObject({ made: false, file });
  fs.writeFileSync(file, "somebody's");
  await expect(archive(directory)).rejects.toMatchObject({ code: "UNSAFE_FILE" });
  expect(fs.readFileSync(file, "utf8")).toBe("somebody's");
  expect(fs.readdirSync(path.dirname(file))).toEqual([path.basename(file)]);
});

test.each(["archive:flush", "archive:name", "archive:flush-directory", "archive:read-back"])(
  "cut off at %s the archive is whole under its name or not there, and the next run ends well",
  async (step) => {
    const directory = written();
    const dying = (name: string): void => {
      if (name === step) throw errnoError("EIO");
    };
    await expect(archive(directory, undefined, dying)).rejects.toMatchObject({ name: "StoreFault" });
    const file = path.join(directory, "archive", "cold.jsonl.gz");
    if (fs.existsSync(file)) expect(await readArchiveHeader({ file })).toMatchObject({ stream });
    await archive(directory);
  },
);

test("of a damaged mission no archive is made", async () => {
  const directory = written();
  fs.appendFileSync(layoutOf(directory).of(stream).log, "damaged\n");
  await expect(archive(directory)).rejects.toMatchObject({ code: "LOG_CORRUPT" });
  expect(fs.existsSync(path.join(directory, "archive"))).toBe(false);
});

test("a first line that says of the log what is not so is not believed", async () => {
  const { file } = await archive(written(), "cold.jsonl");
  const whole = fs.readFileSync(file, "latin1");
  const [first = "", log = ""] = [whole.slice(0, whole.indexOf("\n")), whole.slice(whole.indexOf("\n") + 1)];
  const { crc: _, ...header } = JSON.parse(first) as Record<string, unknown>;
  const nothing = createHash("sha256").digest("hex");
  for (const [claim, content] of [
    [{ revision: 9_999 }, log],
    [{ head: "0".repeat(64) }, log],
    [{ lines: 0, records: 0, events: 0, revision: -1, head: null, bytes: 0, sha256: nothing }, ""],
  ] as const) {
    const line = sealLine(JSON.stringify({ ...header, ...claim }));
    fs.writeFileSync(file, Buffer.concat([line, Buffer.from(content, "latin1")]));
    const reading = (async () => {
      const source = archiveSource({ file });
      for (const extent of await source.extents()) for await (const _entries of source.read(extent));
    })();
    await expect(reading, JSON.stringify(claim)).rejects.toMatchObject({ code: "LOG_CORRUPT" });
  }
});
