import fs from "node:fs";
import path from "node:path";
import { emptyHead, noFailpoint, systemClock, systemRandomness } from "@mission-ledger/core";
import { put, putMany, noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { findLeftovers, openFileStore } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { dyingAt } from "../testing/dying-files.ts";
import { errnoError, faultyFiles } from "../testing/faulty-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import type { RewriteContext } from "./rewrite-context.ts";
import { rewriteLog } from "./rewrite-log.ts";

const steps = [
  "rewrite:quarantine",
  "rewrite:quarantine-flush",
  "rewrite:quarantine-directory",
  "rewrite:write",
  "rewrite:flush",
  "rewrite:mark",
  "rewrite:rename",
  "rewrite:flush-directory",
  "rewrite:compare",
  "rewrite:drop-index",
  "rewrite:unmark",
  "rewrite:flush-locks",
];

const written = async (): Promise<{
  readonly directory: string;
  readonly before: Buffer;
  readonly log: string;
}> => {
  const directory = scratchDirectory();
  const store = await openFileStore({ directory });
  await putMany(store, 4);
  await store.close();
  const { log } = layoutOf(directory).of(stream);
  return { directory, log, before: fs.readFileSync(log) };
};

const contextOf = (directory: string, more: Partial<RewriteContext> = {}): RewriteContext => ({
  files: nodeFiles,
  layout: layoutOf(directory),
  clock: systemClock,
  randomness: systemRandomness,
  failpoint: noFailpoint,
  ...more,
});

const half = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.indexOf(0x0a, bytes.length / 2) + 1);
const rewrite = (context: RewriteContext, bytes: Buffer) =>
  rewriteLog(context, context.layout.of(stream), [half(bytes)], { reason: "repair" });

describe("a rewritten log", () => {
  test("is another file with the new lines; the old one stands in the quarantine byte for byte", async () => {
    const { directory, log, before } = await written();
    const { ino } = fs.statSync(log);
    const result = rewrite(contextOf(directory), before);
    expect(fs.readFileSync(log).equals(half(before))).toBe(true);
    expect(fs.statSync(log).ino).not.toBe(ino);
    expect(result).toMatchObject({ bytes: half(before).length, ino: fs.statSync(log).ino });
    expect(fs.readFileSync(result.quarantined as string).equals(before)).toBe(true);
    expect(fs.statSync(result.quarantined as string).mode & 0o777).toBe(0o600);
    expect(findLeftovers({ directory })).toMatchObject({
      logs: [stream],
      quarantined: [{ stream, path: result.quarantined }],
      unfinished: [],
    });
    expect(fs.readdirSync(path.dirname(log))).toEqual([path.basename(log)]);
  });

  test("takes the mark of a failed flush and the index of the old file with it", async () => {
    const { directory, before } = await written();
    const paths = layoutOf(directory).of(stream);
    fs.writeFileSync(paths.suspect, "");
    fs.mkdirSync(paths.index, { recursive: true });
    fs.writeFileSync(path.join(paths.index, "0-100.idx"), "of the old file");
    rewrite(contextOf(directory), before);
    expect(fs.existsSync(paths.suspect)).toBe(false);
    expect(fs.readdirSync(paths.index)).toEqual([]);
  });

  test("can be made where there was none", () => {
    const directory = scratchDirectory();
    const layout = layoutOf(directory);
    for (const folder of [layout.logs, layout.locks]) fs.mkdirSync(folder);
    const result = rewriteLog(contextOf(directory), layout.of(stream), [Buffer.from("x\n")], {
      reason: "repair",
    });
    expect(result.quarantined).toBeUndefined();
    expect(fs.readFileSync(layout.of(stream).log, "utf8")).toBe("x\n");
  });

  test("the longest name of a stream leaves room for what its files are called meanwhile", () => {
    const directory = scratchDirectory();
    const layout = layoutOf(directory);
    for (const folder of [layout.logs, layout.locks]) fs.mkdirSync(folder);
    const paths = layout.of(`mission-${"ß".repeat(30)}${"x".repeat(6)}`);
    expect(paths.encoded.length).toBeGreaterThan(190);
    for (let times = 0; times < 2; times += 1)
      rewriteLog(contextOf(directory), paths, [Buffer.from("x\n")], { reason: "repair" });
    expect(findLeftovers({ directory }).quarantined).toHaveLength(1);
  });
});

test.each(["replaced", "written to"])("a log that is %s meanwhile is not overwritten", async (how) => {
  const { directory, log, before } = await written();
  const failpoint = (name: string): void => {
    if (name !== "rewrite:flush") return;
    if (how === "replaced") fs.rmSync(log);
    fs.appendFileSync(log, "somebody's bytes\n");
  };
  expect(() => rewrite(contextOf(directory, { failpoint }), before)).toThrow(
    expect.objectContaining({ code: "LOG_REPLACED", outcome: "not_written" }),
  );
  expect(fs.readFileSync(log, "utf8")).toContain("somebody's bytes\n");
});

describe("a rewrite that is cut off", () => {
  test.each(steps)(
    "by a fault at %s leaves the old log or the new one, and the next run finishes",
    async (step) => {
      const { directory, log, before } = await written();
      const failpoint = (name: string): void => {
        if (name === step) throw errnoError("EIO");
      };
      let fault: unknown;
      try {
        rewrite(contextOf(directory, { failpoint }), before);
      } catch (error) {
        fault = error;
      }
      expect(fault, step).toMatchObject({ name: "StoreFault" });
      const now = fs.readFileSync(log);
      const { outcome, code } = fault as { outcome: string; code: string };
      if (outcome === "not_written") expect(now.equals(before)).toBe(true);
      else expect([code, now.equals(half(before))]).toEqual(["DURABILITY_UNKNOWN", true]);
      expect(findLeftovers({ directory }).unfinished).toEqual([]);
      const marked = fs.existsSync(layoutOf(directory).of(stream).suspect);
      expect(marked || now.equals(before)).toBe(true);
      rewrite(contextOf(directory), before);
      expect(fs.readFileSync(log).equals(half(before))).toBe(true);
      expect(fs.existsSync(layoutOf(directory).of(stream).suspect)).toBe(false);
    },
  );

  test("by death at any call leaves the old log or the new one, whole, and no writer between name and flush", async () => {
    for (let turn = 1; ; turn += 1) {
      const { directory, log, before } = await written();
      const dying = dyingAt(turn);
      const { files, calls } = dying;
      let finished = true;
      try {
        rewrite(contextOf(directory, { files }), before);
      } catch {
        finished = false;
      }
      const now = fs.readFileSync(log);
      const changed = now.equals(half(before));
      expect(changed || now.equals(before), `call ${turn}`).toBe(true);
      if (!finished && changed) {
        const store = await openFileStore({ directory });
        const refused = await put(store, emptyHead, "c0").then(
          () => undefined,
          (error: { code: string }) => error.code,
        );
        const durable = calls.lastIndexOf("fsync") > calls.indexOf("rename");
        if (!durable) expect(refused, `call ${turn}`).toBe("DURABILITY_UNKNOWN");
        await store.close();
      }
      rewrite(contextOf(directory), before);
      expect(fs.readFileSync(log).equals(half(before)), `call ${turn}`).toBe(true);
      for (const { path: file } of findLeftovers({ directory }).quarantined)
        expect(file.endsWith(".jsonl")).toBe(true);
      fs.rmSync(directory, { recursive: true });
      if (finished && !dying.died) break;
    }
  });

  test.each(["ENOSPC", "EIO"])(
    "by %s at any call says truly whether the log is the old one",
    async (errno) => {
      for (const call of [
        "open",
        "write",
        "read",
        "fdatasync",
        "fsync",
        "rename",
        "lstat",
        "fstat",
      ] as (keyof FilePort)[])
        for (let skip = 0; ; skip += 1) {
          const { directory, log, before } = await written();
          const faulty = faultyFiles();
          faulty.failOnce(call, errno, skip);
          let outcome = "done";
          try {
            rewrite(contextOf(directory, { files: faulty.files }), before);
          } catch (error) {
            outcome = (error as { outcome: string }).outcome;
          }
          const now = fs.readFileSync(log);
          const where = `${call} ${skip}`;
          if (outcome === "not_written") expect(now.equals(before), where).toBe(true);
          else
            expect(now.equals(half(before)) || (call === "rename" && now.equals(before)), where).toBe(true);
          if (outcome === "unknown")
            expect(fs.existsSync(layoutOf(directory).of(stream).suspect), where).toBe(true);
          if (outcome === "done") expect(faulty.fired, where).toBe(false);
          fs.rmSync(directory, { recursive: true });
          if (!faulty.fired) break;
        }
    },
  );
});
