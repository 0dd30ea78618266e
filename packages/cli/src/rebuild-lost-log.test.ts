/** A log that is gone is remembered by its views alone: a rebuild that removed them would end every alarm. */
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, inject, test } from "vitest";
import { planned, type Session } from "./testing/session.ts";

const onFiles = async (): Promise<Session> => {
  const shell = await planned();
  await shell.run("mission", "create", "q", "Quiet");
  await shell.run("rebuild");
  return shell;
};
const logOf = (shell: Session): string =>
  path.join(shell.directory, ".mission-ledger", "log", "mission-p.jsonl");

const losses: readonly (readonly [what: string, lose: (log: string) => void, code: string])[] = [
  ["is gone", (log) => rmSync(log), "STORE_MISSING"],
  ["was emptied", (log) => writeFileSync(log, ""), "LOG_REPLACED"],
  ["holds zeros", (log) => writeFileSync(log, new Uint8Array(4_000)), "LOG_REPLACED"],
];

describe.each(losses)("where the log of a mission %s", (_, lose, code) => {
  test("a rebuild makes the others, keeps what is remembered of it, and doctor still tells", async () => {
    const shell = await onFiles();
    lose(logOf(shell));
    for (const argv of [["rebuild"], ["rebuild", "--workers", "2"], ["rebuild", "--verify"]]) {
      const ended = await shell.json(...argv);
      expect(ended, argv.join(" ")).toMatchObject({ code: 8, data: { totals: { missions: 2 } } });
      expect(ended.envelope.error).toMatchObject({
        code,
        message: expect.stringContaining("mission-p"),
        hint: expect.stringContaining("repair p --from <file>"),
      });
      expect((await shell.json("doctor")).envelope.error).toMatchObject({ code });
    }
  });
});

describe.skipIf(!inject("sqlite"))("a database that was emptied", () => {
  test("is not rebuilt to nothing, so that no other mission is begun in the place of one that was there", async () => {
    const shell = await planned({
      env: { MISSION_LEDGER_ACTOR: "tester", MISSION_LEDGER_STORE: "sqlite:plan.db" },
    });
    await shell.run("rebuild");
    const database = path.join(shell.directory, "plan.db");
    rmSync(database);
    await shell.run("init");
    const rebuilt = await shell.json("rebuild");
    expect(rebuilt).toMatchObject({ code: 0, data: { written: false, switched: "not" } });
    expect((await shell.run("rebuild")).out).toContain("the ledger holds no mission, nothing written");
    expect(await shell.json("mission", "create", "p", "Again")).toMatchObject({
      code: 8,
      envelope: { error: { code: "LOG_REPLACED" } },
    });
  });
});

test("nothing is called equal of which nothing was written down", async () => {
  const shell = await planned();
  rmSync(path.join(shell.directory, ".mission-ledger", "cache"), { recursive: true, force: true });
  const { code, out } = await shell.run("rebuild", "--verify");
  expect(code).toBe(0);
  expect(out).toContain("none is written down, nothing to compare with one made from");
  expect(out).not.toContain("equal");
});

test("a mission whose views could not be written down is no success, and says what to see to", async () => {
  const shell = await planned();
  const place = path.join(shell.directory, ".mission-ledger", "cache", "snapshots");
  rmSync(place, { recursive: true, force: true });
  writeFileSync(place, "in the way");
  const { code, envelope, data } = await shell.json("rebuild", "p");
  expect({ code, data }).toMatchObject({ code: 7, data: { written: false } });
  expect(envelope.error).toMatchObject({
    code: "STORAGE_ERROR",
    message: `5 views could not be written to ${place}`,
    hint: expect.stringContaining("then: mled rebuild p"),
  });
});
