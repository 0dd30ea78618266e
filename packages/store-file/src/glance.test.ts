import fs from "node:fs";
import { emptyHead, type StreamHead } from "@mission-ledger/core";
import { put, noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { glanceAtLog, openFileStore } from "./index.ts";
import { layoutOf } from "./layout.ts";
import { faultyFiles } from "./testing/faulty-files.ts";
import { scratchDirectory } from "./testing/scratch.ts";

const written = async (records: number) => {
  const directory = scratchDirectory();
  const store = await openFileStore({ directory });
  let head: StreamHead = emptyHead;
  for (let index = 0; index < records; index += 1)
    ({ head } = await put(store, head, `command-${index}`, { data: { note: "x".repeat(2_000) } }));
  await store.close();
  const { log, suspect } = layoutOf(directory).of(stream);
  return { directory, log, suspect, bytes: fs.readFileSync(log) };
};

const sound = { findings: [], endDamaged: false, suspect: false };

describe("a glance at the end of a log", () => {
  test("finds nothing in a sound one, and reads one block however long it is", async () => {
    const { directory } = await written(60);
    const { files, ...seen } = faultyFiles();
    const disk = { ...seen };
    expect(glanceAtLog({ directory, stream, files })).toEqual(sound);
    expect(disk.calls.read).toBe(1);
    expect(glanceAtLog({ directory, stream: "mission-none" })).toEqual(sound);
  });

  test("finds each flipped bit of the last line feed, and none in a record that is being written", async () => {
    const { directory, log, bytes } = await written(40);
    for (let bit = 0; bit < 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bytes.length - 1] = 0x0a ^ (1 << bit);
      fs.writeFileSync(log, flipped);
      expect([bit, glanceAtLog({ directory, stream })]).toMatchObject([
        bit,
        { endDamaged: true, findings: [{ kind: "damaged" }] },
      ]);
    }
    for (const cut of [1, 2, 10, 100, 1_000]) {
      fs.writeFileSync(log, bytes.subarray(0, bytes.length - cut));
      expect(glanceAtLog({ directory, stream })).toEqual(sound);
    }
  });

  test("finds a damaged last line, foreign lines before the last record, markers of a merge and a suspect log", async () => {
    const { directory, log, suspect, bytes } = await written(3);
    const text = bytes.toString("utf8");
    const end = text.trimEnd().lastIndexOf("\n") + 1;
    fs.writeFileSync(log, `${text.slice(0, end)}${text.slice(end).replace("xxxx", "xyxx")}`);
    expect(glanceAtLog({ directory, stream })).toMatchObject({ endDamaged: true });
    fs.writeFileSync(log, `${text.slice(0, end)}nonsense\n${text.slice(end)}`);
    expect(glanceAtLog({ directory, stream })).toMatchObject({
      endDamaged: false,
      findings: [{ kind: "damaged", offset: end, length: 9 }],
    });
    fs.writeFileSync(log, `${text}>>>>>>> theirs\n`);
    expect(glanceAtLog({ directory, stream })).toMatchObject({
      endDamaged: false,
      findings: [{ kind: "conflict_marker", why: "conflict marker" }],
    });
    fs.writeFileSync(log, text);
    fs.writeFileSync(suspect, "");
    expect(glanceAtLog({ directory, stream })).toEqual({ ...sound, suspect: true });
  });

  test("takes the lines of a longer block where one line fills the first", async () => {
    const { directory, log, bytes } = await written(1);
    fs.writeFileSync(log, Buffer.concat([bytes, Buffer.alloc(200_000, 0x61), Buffer.from("\n")]));
    expect(glanceAtLog({ directory, stream })).toMatchObject({ endDamaged: true });
  });
});
