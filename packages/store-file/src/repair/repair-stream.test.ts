import fs from "node:fs";
import path from "node:path";
import { allEvents, commitOn, put, putMany, noteStream as stream, tryPut } from "@mission-ledger/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { findLeftovers, inspectStream, openFileStore, repairStream } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { encodeRecord } from "../log/record.ts";
import { scratchDirectory } from "../testing/scratch.ts";

/** A log of 12 commands, two events each in every third. */
let sound: Buffer;
beforeAll(async () => {
  const directory = scratchDirectory();
  const store = await openFileStore({ directory });
  await putMany(store, 12, { events: 2, data: { note: "Grüße, a longer text than most" } });
  await store.close();
  sound = fs.readFileSync(layoutOf(directory).of(stream).log);
});

const linesOf = (bytes: Buffer): string[] => bytes.toString("latin1").split("\n").slice(0, -1);
const joined = (lines: readonly string[]): Buffer =>
  Buffer.from(lines.map((line) => `${line}\n`).join(""), "latin1");
const flipAt = (bytes: Buffer, at: number, bit = 0): Buffer => {
  const flipped = Buffer.from(bytes);
  flipped[at] = (flipped[at] as number) ^ (1 << bit);
  return flipped;
};
/** Where the n-th line ends. */
const endOf = (bytes: Buffer, line: number): number => {
  let at = -1;
  for (let index = 0; index <= line; index += 1) at = bytes.indexOf(0x0a, at + 1);
  return at;
};

const ledgerWith = (bytes: Buffer | undefined): { readonly directory: string; readonly log: string } => {
  const directory = scratchDirectory();
  const { log } = layoutOf(directory).of(stream);
  fs.mkdirSync(path.dirname(log));
  if (bytes !== undefined) fs.writeFileSync(log, bytes);
  return { directory, log };
};
const copyOf = (bytes: Buffer): string => {
  const file = path.join(scratchDirectory(), "copy.jsonl");
  fs.writeFileSync(file, bytes);
  return file;
};
const commandIn = (bytes: Buffer, command: string): number => bytes.indexOf(`"commandId":"${command}"`);

describe("a sound log", () => {
  test("is left alone to the last byte and inode, as often as it is repaired", async () => {
    const { directory, log } = ledgerWith(sound);
    const { ino } = fs.statSync(log);
    for (let times = 0; times < 2; times += 1)
      expect(await repairStream({ directory, stream, acceptLoss: true })).toMatchObject({
        outcome: "sound",
        writable: true,
        found: [],
        setAside: [],
        restored: [],
      });
    expect(fs.readFileSync(log).equals(sound)).toBe(true);
    expect(fs.statSync(log).ino).toBe(ino);
    expect(findLeftovers({ directory }).quarantined).toEqual([]);
  });

  test("with a torn tail and sealed fragments is sound: the next writer seals the one, readers skip the others", async () => {
    const torn = Buffer.concat([
      joined(linesOf(sound).toSpliced(5, 0, '{"v":1,"stream":"mi #torn')),
      sound.subarray(0, 90),
    ]);
    const { directory, log } = ledgerWith(torn);
    expect(await repairStream({ directory, stream })).toMatchObject({ outcome: "sound", writable: true });
    expect(fs.readFileSync(log).equals(torn)).toBe(true);
  });
});

test("a sealed fragment that speaks of checksums is one all the same, and the record behind it is not doubted", async () => {
  const lines = linesOf(sound);
  const fragment = `${lines[11]?.slice(0, 300)},"crc":"12345678"},"note":"and more of it, torn #torn`;
  const bytes = joined(lines.toSpliced(11, 0, fragment));
  const { directory, log } = ledgerWith(bytes);
  expect(await repairStream({ directory, stream })).toMatchObject({ outcome: "sound", writable: true });
  expect(fs.readFileSync(log).equals(bytes)).toBe(true);
});

test("an LF that was lost before a sealed fragment is found again", async () => {
  const lines = linesOf(sound);
  const bytes = joined(lines.toSpliced(6, 0, '{"v":1,"stream":"mi #torn'));
  const { directory, log } = ledgerWith(flipAt(bytes, endOf(bytes, 5), 0));
  const report = await repairStream({ directory, stream });
  expect(report).toMatchObject({
    outcome: "repaired",
    missing: [],
    restored: [{ how: "line_feed", commandId: "c5" }],
  });
  expect(fs.readFileSync(log).equals(sound)).toBe(true);
});

describe("text that was never a record", () => {
  test.each<[string, (lines: string[]) => string[]]>([
    ["foreign text", (lines) => lines.toSpliced(4, 0, "hello from an editor")],
    ["an empty line", (lines) => lines.toSpliced(4, 0, "")],
    ["NUL bytes", (lines) => lines.toSpliced(4, 0, "\0".repeat(700))],
    ["conflict markers", (lines) => lines.toSpliced(9, 0, ">>>>>>> theirs").toSpliced(4, 0, "<<<<<<< ours")],
    ["a fragment without its seal", (lines) => lines.toSpliced(4, 0, (lines[4] as string).slice(0, 100))],
    ["a prefix glued to a record", (lines) => lines.with(4, `hello${lines[4]}`)],
    ["a carriage return", (lines) => lines.with(4, `${lines[4]}\r`)],
    ["carriage returns in all lines", (lines) => lines.map((line) => `${line}\r`)],
    ["a byte order mark", (lines) => lines.with(0, `\u00ef\u00bb\u00bf${lines[0]}`)],
    ["foreign text at the end", (lines) => [...lines, "hello"]],
  ])("%s is set aside, and every record stands as before", async (_, damage) => {
    const damaged = joined(damage(linesOf(sound)));
    const { directory, log } = ledgerWith(damaged);
    const plan = await repairStream({ directory, stream, dryRun: true });
    expect(plan).toMatchObject({ outcome: "would_repair", writable: true, lost: [], missing: [] });
    expect(fs.readFileSync(log).equals(damaged)).toBe(true);
    const report = await repairStream({ directory, stream });
    expect(report).toMatchObject({ outcome: "repaired", writable: true, lost: [], missing: [] });
    expect(report.found.length).toBeGreaterThan(0);
    expect(fs.readFileSync(log).equals(sound)).toBe(true);
    expect(fs.readFileSync(report.quarantined as string).equals(damaged)).toBe(true);
    expect(report.setAside.length + report.restored.length).toBeGreaterThan(0);
    for (const { offset, length } of report.setAside)
      expect(offset + length).toBeLessThanOrEqual(damaged.length);
    expect(await repairStream({ directory, stream })).toMatchObject({ outcome: "sound" });
  });
});

describe("NUL bytes, which nobody types", () => {
  test.each<[string, () => Buffer, number]>([
    ["in place of the last record", () => joined(linesOf(sound).with(11, "\0".repeat(300))), 21],
    [
      "between all characters, by a program that wrote UTF-16",
      () => Buffer.from(sound.toString("latin1"), "utf16le"),
      -1,
    ],
  ])(
    "%s may have been events: without them the log ends only if the loss is accepted",
    async (_, damage, revision) => {
      const damaged = damage();
      const { directory, log } = ledgerWith(damaged);
      expect(await repairStream({ directory, stream })).toMatchObject({
        outcome: "refused",
        refusal: { _tag: "EventsMissing" },
        missing: [{ afterRevision: revision, beforeRevision: null }],
      });
      expect(fs.readFileSync(log).equals(damaged)).toBe(true);
      expect(await repairStream({ directory, stream, acceptLoss: true })).toMatchObject({
        outcome: "repaired",
        after: { head: { revision } },
      });
    },
  );
});

describe("a record with one flipped bit", () => {
  test.each<[string, (bytes: Buffer) => number, number]>([
    ["in its data", (bytes) => bytes.indexOf("longer", commandIn(bytes, "c5")), 3],
    [
      "in its command's digest, which no event's digest covers",
      (bytes) => bytes.indexOf("commandDigest", commandIn(bytes, "c5")) + 20,
      0,
    ],
    ["in its checksum", (bytes) => endOf(bytes, 5) - 5, 1],
    ["in its first byte", (bytes) => endOf(bytes, 4) + 1, 2],
    ["in the LF behind it", (bytes) => endOf(bytes, 5), 6],
    ["in the last record of the log", (bytes) => bytes.length - 60, 4],
    ["in the last LF of the log", (bytes) => bytes.length - 1, 0],
    ["in the first record", () => 40, 0],
  ])("%s is restored, proven by checksum, digests and links", async (_, place, bit) => {
    const damaged = flipAt(sound, place(sound), bit);
    const { directory, log } = ledgerWith(damaged);
    const before = inspectStream({ directory, stream });
    expect(before.findings[0]?.offset).toBeLessThanOrEqual(place(sound));
    const report = await repairStream({ directory, stream });
    expect(report).toMatchObject({
      outcome: "repaired",
      writable: true,
      lost: [],
      missing: [],
      setAside: [],
    });
    expect(report.restored).toHaveLength(1);
    expect(fs.readFileSync(log).equals(sound)).toBe(true);
    expect(inspectStream({ directory, stream })).toMatchObject({
      findings: [],
      brokenLinks: [],
      records: 12,
    });
  });

  test("that made an LF in its middle is one record again", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    await putMany(store, 5, { data: { note: "J*J*J" } });
    await store.close();
    const bytes = fs.readFileSync(layoutOf(directory).of(stream).log);
    for (const letter of ["J", "*"]) {
      const place = bytes.indexOf(letter, commandIn(bytes, "c2"));
      const damaged = flipAt(bytes, place, letter === "J" ? 6 : 5);
      expect(damaged[place]).toBe(0x0a);
      const { directory, log } = ledgerWith(damaged);
      expect(await repairStream({ directory, stream })).toMatchObject({
        outcome: "repaired",
        restored: [{ how: "single_bit" }],
      });
      expect(fs.readFileSync(log).equals(bytes)).toBe(true);
    }
  });

  test("in several places is restored in each", async () => {
    let damaged = sound;
    for (const line of [1, 2, 5, 9]) damaged = flipAt(damaged, endOf(sound, line) - 40, 1);
    damaged = flipAt(damaged, endOf(sound, 6), 0);
    const { directory, log } = ledgerWith(damaged);
    expect((await repairStream({ directory, stream })).restored.map(({ commandId }) => commandId)).toEqual([
      "c1",
      "c2",
      "c5",
      "c6",
      "c9",
    ]);
    expect(fs.readFileSync(log).equals(sound)).toBe(true);
  });

  test("is not believed when its events do not recompute", async () => {
    const forged = linesOf(sound);
    const { log, directory } = ledgerWith(undefined);
    // The checksum fits after one flip, the content does not: somebody sealed other content, then a bit flipped.
    const first = commitOn({ revision: -1, digest: null }, "c0", { events: 2 });
    const other = { ...first, events: first.events.map((event) => ({ ...event, data: { note: "forged" } })) };
    const sealed = encodeRecord(other, { origin: "o", seq: 1 }, 65_536).subarray(0, -1);
    fs.writeFileSync(log, joined(forged.with(0, flipAt(sealed, 60).toString("latin1"))));
    expect(await repairStream({ directory, stream })).toMatchObject({
      outcome: "refused",
      refusal: { _tag: "EventsMissing" },
    });
  });
});

describe("a record that is whole but was never ended by its LF", () => {
  test("is not brought to life by repair: it was not written, and somebody was told so", async () => {
    const lines = linesOf(sound);
    const digest = lines[9]?.match(/"digest":"([0-9a-f]{64})"}\],/)?.[1] ?? "";
    const ghost = encodeRecord(commitOn({ revision: 19, digest }, "ghost"), { origin: "o", seq: 11 }, 65_536);
    const whole = ghost.subarray(0, -1).toString("latin1");
    const [before, after] = [lines.slice(0, 10), lines.slice(10)];
    for (const text of [`${whole} #torn`, `${whole} #torm`, `${whole} #torn\x0b${after[0]}`]) {
      const rest = text.includes("\x0b") ? after.slice(1) : after;
      const { directory, log } = ledgerWith(joined([...before, text, ...rest, "foreign"]));
      expect(await repairStream({ directory, stream })).toMatchObject({ outcome: "repaired", restored: [] });
      expect(inspectStream({ directory, stream })).toMatchObject({ findings: [], records: 12 });
      expect(fs.readFileSync(log, "latin1").replace(`${whole} #torn\n`, "")).not.toContain('"ghost"');
    }
    const { directory, log } = ledgerWith(joined([...before, "foreign"]));
    fs.appendFileSync(log, Buffer.from(whole, "latin1"));
    await repairStream({ directory, stream });
    expect(inspectStream({ directory, stream })).toMatchObject({ findings: [], records: 10, tornBytes: 0 });
  });
});

describe("records that are gone", () => {
  const without = (...gone: number[]): Buffer =>
    joined(linesOf(sound).filter((_, index) => !gone.includes(index)));

  test.each<[string, () => Buffer, number]>([
    ["lost lines", () => without(4, 5), 2],
    ["a burst in a record", () => burst(sound, endOf(sound, 4) + 200), 1],
    ["a burst in the last record", () => burst(sound, sound.length - 300), 1],
    ["a burst over an LF", () => burst(sound, endOf(sound, 4) - 10), 2],
    ["the first line lost", () => without(0), 1],
    ["two holes", () => without(2, 7), 2],
  ])("(%s) come back from another copy, byte for byte", async (_, damage, count) => {
    const { directory, log } = ledgerWith(damage());
    const before = fs.readFileSync(log);
    const refused = await repairStream({ directory, stream });
    expect(refused).toMatchObject({
      outcome: "refused",
      refusal: { _tag: "EventsMissing" },
      writable: false,
      quarantined: undefined,
    });
    expect(refused.missing.length).toBeGreaterThan(0);
    expect(fs.readFileSync(log).equals(before)).toBe(true);
    const report = await repairStream({ directory, stream, from: copyOf(sound) });
    expect(report).toMatchObject({ outcome: "repaired", writable: true, missing: [], lost: [] });
    expect(report.restored.filter(({ how }) => how === "copy")).toHaveLength(count);
    expect(fs.readFileSync(log).equals(sound)).toBe(true);
    const store = await openFileStore({ directory });
    expect((await allEvents(store.readAll())).map(({ revision }) => revision)).toEqual(
      Array.from({ length: 24 }, (_, index) => index),
    );
    await put(store, await store.head(stream), "c12");
    await store.close();
  });

  test("stay gone when the copy lacks one of them, or holds one that was changed", async () => {
    const lines = linesOf(sound);
    const other = commitOn(
      { revision: 7, digest: lines[3]?.match(/"digest":"([0-9a-f]{64})"}\],/)?.[1] ?? "" },
      "other",
      { events: 2 },
    );
    const foreign = encodeRecord(other, { origin: "o", seq: 5 }, 65_536);
    const changed = encodeRecord(
      { ...other, events: other.events.map((event) => ({ ...event, data: { note: "changed" } })) },
      { origin: "o", seq: 5 },
      65_536,
    );
    for (const copy of [without(5), without(4, 5), foreign, changed, Buffer.from("no log at all\n")]) {
      const { directory, log } = ledgerWith(without(4, 5));
      expect(await repairStream({ directory, stream, from: copyOf(copy) })).toMatchObject({
        outcome: "refused",
      });
      expect(fs.readFileSync(log).equals(without(4, 5))).toBe(true);
    }
  });

  test("are given up only when the loss is accepted: the chain ends before the first hole, the rest is listed", async () => {
    const { directory, log } = ledgerWith(without(4, 8));
    const report = await repairStream({ directory, stream, acceptLoss: true });
    expect(report).toMatchObject({
      outcome: "repaired",
      writable: true,
      after: { head: { revision: 7 }, records: 4 },
    });
    expect(report.missing).toEqual([
      expect.objectContaining({ afterRevision: 7, beforeRevision: 10 }),
      expect.objectContaining({ afterRevision: 15, beforeRevision: 18 }),
    ]);
    expect(report.lost.map(({ commandId }) => commandId)).toEqual(["c5", "c6", "c7", "c9", "c10", "c11"]);
    expect(report.lost[0]).toMatchObject({ actor: "agent-1", types: ["Noted", "Noted"], firstRevision: 10 });
    expect(fs.readFileSync(log).equals(joined(linesOf(sound).slice(0, 4)))).toBe(true);
    expect(fs.readFileSync(report.quarantined as string).equals(without(4, 8))).toBe(true);
    const kept = fs.readFileSync(report.quarantined as string);
    for (const { offset, length, commandId } of report.lost)
      expect(kept.toString("utf8", offset, offset + length)).toContain(`"commandId":"${commandId}"`);
    const store = await openFileStore({ directory });
    // It is not in the log any more, so it may happen again.
    expect(await tryPut(store, await store.head(stream), "c5")).toMatchObject({
      _tag: "Appended",
      repeated: false,
    });
    await store.close();
  });

  test("come back behind the last one, where a log was cut short", async () => {
    const { directory, log } = ledgerWith(joined(linesOf(sound).slice(0, 9)));
    expect(await repairStream({ directory, stream })).toMatchObject({ outcome: "sound" });
    const report = await repairStream({ directory, stream, from: copyOf(sound) });
    expect(report.restored.map(({ commandId }) => commandId)).toEqual(["c9", "c10", "c11"]);
    expect(fs.readFileSync(log).equals(sound)).toBe(true);
  });

  test("and the whole log with them come back from a copy; without one nothing is made", async () => {
    const { directory, log } = ledgerWith(undefined);
    expect(await repairStream({ directory, stream })).toMatchObject({
      outcome: "refused",
      refusal: { _tag: "NoLog" },
    });
    expect(fs.existsSync(log)).toBe(false);
    expect(findLeftovers({ directory }).lostLogs).toEqual([]);
    expect(await repairStream({ directory, stream, from: copyOf(sound) })).toMatchObject({
      outcome: "repaired",
      quarantined: undefined,
    });
    expect(fs.readFileSync(log).equals(sound)).toBe(true);
  });
});

describe("a repair that could be wrong is refused", () => {
  test("a line of a newer format keeps everything as it is", async () => {
    const lines = linesOf(sound);
    const newer = lines[3]?.replace('{"v":1', '{"v":2') as string;
    const body = Buffer.from(newer, "latin1").subarray(0, -18);
    const { crc32 } = await import("node:zlib");
    const sealed = `${body.toString("latin1")},"crc":"${crc32(body).toString(16).padStart(8, "0")}"}`;
    const bytes = joined(lines.toSpliced(6, 0, sealed, "foreign"));
    const { directory, log } = ledgerWith(bytes);
    expect(await repairStream({ directory, stream, acceptLoss: true })).toMatchObject({
      outcome: "refused",
      refusal: { _tag: "NewerFormat" },
    });
    expect(fs.readFileSync(log).equals(bytes)).toBe(true);
  });

  test("a lost record and another claim of its revision are not told apart by guessing", async () => {
    const lines = linesOf(sound);
    const digest = lines[10]?.match(/"digest":"([0-9a-f]{64})"}\],/)?.[1] ?? "";
    const origin = lines[0]?.match(/"origin":"([^"]+)"/)?.[1] ?? "";
    const loser = encodeRecord(
      commitOn({ revision: 21, digest }, "loser", { events: 2 }),
      { origin, seq: 13 },
      65_536,
    );
    const damagedWinner = burst(Buffer.from(lines[11] as string, "latin1"), 300).toString("latin1");
    const bytes = Buffer.concat([joined([...lines.slice(0, 11), damagedWinner]), loser]);
    const { directory, log } = ledgerWith(bytes);
    expect(await repairStream({ directory, stream })).toMatchObject({ outcome: "refused" });
    expect(fs.readFileSync(log).equals(bytes)).toBe(true);
    // With the winner at hand the loser is what it was: void.
    const report = await repairStream({ directory, stream, acceptLoss: true });
    expect(report).toMatchObject({ outcome: "repaired", after: { head: { revision: 21 } } });
    expect(report.lost.map(({ commandId }) => commandId)).toEqual(["loser"]);
  });

  test("an undecided branch stays, however long it is", async () => {
    const lines = linesOf(sound);
    const digest = lines[5]?.match(/"digest":"([0-9a-f]{64})"}\],/)?.[1] ?? "";
    let head: { revision: number; digest: string | null } = { revision: 11, digest };
    const branch: Buffer[] = [];
    for (let index = 0; index < 20; index += 1) {
      const commit = commitOn(head, `b${index}`);
      branch.push(encodeRecord(commit, { origin: "elsewhere", seq: 20 + index }, 65_536));
      head = { revision: head.revision + 1, digest: commit.events[0]?.digest ?? "" };
    }
    const bytes = Buffer.concat([sound, ...branch, Buffer.from("foreign\n")]);
    const { directory, log } = ledgerWith(bytes);
    const report = await repairStream({ directory, stream });
    expect(report).toMatchObject({ outcome: "repaired", writable: false, missing: [], lost: [] });
    expect(fs.readFileSync(log).equals(Buffer.concat([sound, ...branch]))).toBe(true);
    expect(await repairStream({ directory, stream })).toMatchObject({ outcome: "sound", writable: false });
  });
});

const burst = (bytes: Buffer, at: number): Buffer => {
  const damaged = Buffer.from(bytes);
  for (let index = 0; index < 30; index += 1) damaged[at + index] = (damaged[at + index] as number) ^ 0x80;
  return damaged;
};
