/** A SQLite ledger whose rows were changed by hand: what is said names the place, and the next step can be taken. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, inject, test } from "vitest";
import { changeDatabase } from "./testing/database.ts";
import { planned, type Session, session } from "./testing/session.ts";

const onSqlite = { env: { MISSION_LEDGER_ACTOR: "tester", MISSION_LEDGER_STORE: "sqlite:plan.db" } };

/** `p` is damaged at its second event, `q` is whole; the triggers are there again. */
const damaged = async (): Promise<Session> => {
  const shell = await planned(onSqlite);
  await shell.run("mission", "create", "q", "Quiet");
  await shell.run("wp", "add", "q", "One", "--id", "WP01");
  changeDatabase(path.join(shell.directory, "plan.db"), (db) => {
    const triggers = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").raw().all() as [
      name: string,
      sql: string,
    ][];
    for (const [name] of triggers) db.exec(`DROP TRIGGER ${name}`);
    db.exec("UPDATE events SET data = '{}' WHERE stream = 'mission-p' AND revision = 1");
    for (const [, sql] of triggers) db.exec(sql);
  });
  return shell;
};

describe.skipIf(!inject("sqlite"))("a changed row", () => {
  test.each([
    ["a command that reads", ["wp", "list", "p"]],
    ["a command that writes", ["wp", "note", "p/WP01", "hi"]],
    ["the past", ["board", "p", "--at", "2"]],
  ])("is told by %s with mission and revision, and with a step that works", async (_, argv) => {
    const shell = await damaged();
    const { code, envelope } = await shell.json(...argv);
    expect(code).toBe(8);
    expect(envelope.error).toMatchObject({
      code: "LOG_CORRUPT",
      outcome: "not_written",
      message: expect.stringContaining("mission-p, revision 1, position 2 in events: its checksum is wrong"),
      details: { stream: "mission-p", revision: 1 },
    });
    expect(envelope.error?.hint).toContain("`mled doctor` says where");
    expect(envelope.error?.hint).not.toContain("repair");
    const looked = await shell.run("doctor");
    expect(looked.code).toBe(8);
    expect(looked.out).toContain("p: a row is not what was written");
  });

  test("leaves the other missions to a rebuild and to a comparison, each of which says what it left out", async () => {
    const shell = await damaged();
    const rebuilt = await shell.run("rebuild");
    expect(rebuilt).toMatchObject({
      code: 8,
      err: expect.stringContaining("nothing was written for mission-p"),
    });
    const compared = await shell.run("rebuild", "--verify");
    expect(compared).toMatchObject({ code: 8, err: expect.stringContaining("mission-p was not compared") });
    expect(compared.err).not.toContain("written for");
  });
});

test.skipIf(!inject("sqlite"))("a file that is no database is named", async () => {
  const shell = session();
  const file = path.join(shell.directory, "notes.txt");
  writeFileSync(file, "no database ".repeat(999));
  const { code, envelope } = await shell.json("board", "p", "--store", "sqlite:notes.txt");
  expect(code).toBe(8);
  expect(envelope.error).toMatchObject({ code: "LOG_CORRUPT", message: expect.stringContaining(file) });
});
