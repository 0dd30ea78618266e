/** Moving between stores, and into the cold and back, as people type it. */
import fs from "node:fs";
import path from "node:path";
import { expect, inject, test } from "vitest";
import { planned, type Session, session } from "./testing/session.ts";

const ledger = ".mission-ledger";
const at = (shell: Session, ...names: string[]): string => path.join(shell.directory, ...names);
/** What stands in a ledger's logs, by the names of the files. */
const logs = (shell: Session, directory: string): Readonly<Record<string, string>> => {
  const folder = at(shell, directory, "log");
  const names = fs.readdirSync(folder).sort();
  return Object.fromEntries(names.map((name) => [name, fs.readFileSync(path.join(folder, name), "latin1")]));
};

const closed = async (): Promise<Session> => {
  const shell = await planned();
  for (const id of ["WP01", "WP02", "WP03"])
    await shell.run("wp", "force", `p/${id}`, "done", "--reason", "the end");
  return shell;
};

test.skipIf(!inject("sqlite"))(
  "a ledger goes to SQLite and back byte for byte, and a second copy finds it equal",
  async () => {
    const shell = await planned();
    await shell.run("mission", "create", "other", "Größe");
    const there = await shell.json("copy", `file:${ledger}`, "sqlite:plan/plan.db");
    expect(there).toMatchObject({
      code: 0,
      data: { equal: true, kept: "lines", totals: { missions: 2 }, copied: { missions: 2 } },
    });
    const again = await shell.json("copy", `file:${ledger}`, "sqlite:plan/plan.db");
    expect(again.data).toMatchObject({ equal: true, copied: { missions: 0, events: 0 } });
    expect(again.data.totals.sum).toBe(there.data.totals.sum);
    const { code, out } = await shell.run("copy", "sqlite:plan/plan.db", "file:back");
    expect({ code, out }).toMatchObject({
      code: 0,
      out: expect.stringMatching(/copied \d+ events of 2 missions[\s\S]*equal: 2 missions/),
    });
    expect(logs(shell, "back")).toEqual(logs(shell, ledger));
    expect(await shell.json("board", "p", "--store", "sqlite:plan/plan.db")).toMatchObject({ code: 0 });
  },
);

test("a dry run names what would be copied and makes nothing", async () => {
  const shell = await planned();
  const { code, out } = await shell.run("copy", `file:${ledger}`, "file:new", "--dry-run");
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining("would copy") });
  expect(fs.existsSync(at(shell, "new"))).toBe(false);
});

test("a mission that the source does not hold leaves no empty ledger behind", async () => {
  const shell = await planned();
  const refused = await shell.json("copy", `file:${ledger}`, "file:new", "--mission", "nobody");
  expect(refused).toMatchObject({ code: 3, envelope: { error: { code: "NOT_FOUND" } } });
  expect(fs.existsSync(at(shell, "new"))).toBe(false);
});

test("a log that was never written to is counted as no mission", async () => {
  const shell = await planned();
  fs.writeFileSync(at(shell, ledger, "log", "mission-q.jsonl"), "");
  const { data, code } = await shell.json("copy", `file:${ledger}`, "file:other");
  expect([code, data.totals.missions, data.equal]).toEqual([0, 1, true]);
  expect((await shell.run("copy", `file:${ledger}`, "file:other")).out).toContain("equal: 1 mission, ");
});

test.skipIf(!inject("sqlite"))("a source that is no ledger leaves no empty one behind", async () => {
  const shell = session();
  fs.writeFileSync(at(shell, "notes.db"), "no database ".repeat(999));
  expect((await shell.run("copy", "sqlite:notes.db", "file:new")).code).toBe(8);
  expect((await shell.run("copy", "sqlite:notes.db", "sqlite:new.db")).code).toBe(8);
  expect(fs.readdirSync(shell.directory)).toEqual(["notes.db"]);
});

test("one mission is copied beside others with --mission", async () => {
  const shell = await planned();
  await shell.run("mission", "create", "other", "Other");
  await shell.run("init", "--ledger", "two");
  await shell.run("mission", "create", "third", "Third", "--ledger", "two");
  const copied = await shell.json("copy", `file:${ledger}`, "file:two", "--mission", "p");
  expect(copied).toMatchObject({ code: 0, data: { totals: { missions: 1 }, missions: [{ slug: "p" }] } });
  const { data } = await shell.json("mission", "list", "--ledger", "two");
  expect(data.missions.map(({ slug }: { slug: string }) => slug)).toEqual(["p", "third"]);
  expect(await shell.json("copy", `file:${ledger}`, "file:two", "--mission", "nobody")).toMatchObject({
    code: 3,
  });
});

test("a target with something else in it is refused by name, and left as it is", async () => {
  const shell = await planned();
  await shell.run("init", "--ledger", "two");
  await shell.run("mission", "create", "third", "Third", "--ledger", "two");
  const before = logs(shell, "two");
  const { code, envelope } = await shell.json("copy", `file:${ledger}`, "file:two");
  expect({ code, error: envelope.error }).toMatchObject({
    code: 8,
    error: { code: "COPY_DIVERGED", outcome: "not_written", details: { stream: "mission-third" } },
  });
  expect(logs(shell, "two")).toEqual(before);
});

test("a ledger under a second name is no target for a copy of itself", async () => {
  const shell = await planned();
  fs.symlinkSync(ledger, at(shell, "alias"));
  expect(await shell.json("copy", `file:${ledger}`, "file:alias")).toMatchObject({
    code: 2,
    envelope: { error: { code: "USAGE" } },
  });
});

test.skipIf(!inject("sqlite"))("an empty ledger is copied to files and to SQLite", async () => {
  const shell = session();
  await shell.run("init");
  for (const [from, to] of [
    [ledger, "file:new"],
    [ledger, "sqlite:new.db"],
  ])
    expect(await shell.json("copy", `file:${from}`, to as string), to).toMatchObject({
      code: 0,
      data: { equal: true, totals: { missions: 0 } },
    });
});

test.skipIf(!inject("sqlite"))(
  "a damaged mission refuses the whole copy, with the command that mends it",
  async () => {
    const shell = await planned();
    await shell.run("mission", "create", "other", "Other");
    fs.appendFileSync(at(shell, ledger, "log", "mission-p.jsonl"), "damaged\n");
    const { code, envelope } = await shell.json("copy", `file:${ledger}`, "sqlite:plan.db");
    expect(code).toBe(8);
    expect(envelope.error).toMatchObject({
      code: "LOG_CORRUPT",
      details: { problems: [{ stream: "mission-p", code: "LOG_CORRUPT" }] },
    });
    expect(envelope.error?.hint).toBe(`mled repair p --store file:${at(shell, ledger)}`);
  },
);

test.skipIf(!inject("sqlite"))(
  "a file that is no sound database is named, with the command that looks at it",
  async () => {
    const shell = await planned();
    fs.writeFileSync(at(shell, "text.db"), "hello\n".repeat(200));
    for (const [from, to] of [
      [`file:${ledger}`, "sqlite:text.db"],
      ["sqlite:text.db", "file:new"],
    ] as const) {
      const { code, envelope } = await shell.json("copy", from, to);
      expect({ code, name: envelope.error?.code }).toEqual({ code: 8, name: "LOG_CORRUPT" });
      expect(envelope.error?.message).toContain(at(shell, "text.db"));
    }
    const { envelope } = await shell.json("copy", `file:${ledger}`, "sqlite:text.db");
    expect(envelope.error?.hint).toContain(`mled verify --store sqlite:${at(shell, "text.db")}`);
  },
);

test.each([
  [["copy", "file:nowhere", "file:new"], 3, "LEDGER_NOT_FOUND"],
  [["copy", "here", "file:new"], 2, "USAGE"],
  [["copy", "file:.mission-ledger", "file:.mission-ledger"], 2, "USAGE"],
  [["copy", "file:.mission-ledger", "redis:x"], 2, "USAGE"],
  [["copy", "file:.mission-ledger", "sqlite://plan.db"], 2, "USAGE"],
  [["copy", "file:.mission-ledger", "sqlite:///nowhere-at-all/plan.db", "--dry-run"], 0, undefined],
  [["archive", "p"], 6, "GUARD_FAILED"],
  [["archive", "nobody"], 3, "NOT_FOUND"],
  [["restore", "nobody"], 3, "NOT_FOUND"],
  [["check-archive", "nothing.gz"], 7, "STORE_MISSING"],
])("mled %j ends with %i", async (argv, exit, name) => {
  const { code, envelope } = await (await planned()).json(...argv);
  expect({ code, name: envelope.error?.code }).toEqual({ code: exit, name });
});

test("a closed mission is archived, takes no command, is read all the same, and goes on when it is restored", async () => {
  const shell = await closed();
  const log = logs(shell, ledger)["mission-p.jsonl"];
  const archived = await shell.json("archive", "p");
  expect(archived).toMatchObject({
    code: 0,
    data: { mission: "p", archived: true, made: true, readback: "verified" },
  });
  const { file, sha256 } = archived.data;
  expect(path.dirname(file)).toBe(at(shell, ledger, "archive"));
  const refused = await shell.json("wp", "note", "p/WP01", "late");
  expect(refused).toMatchObject({ code: 6, envelope: { error: { code: "MISSION_ARCHIVED" } } });
  expect(refused.envelope.error?.hint).toContain("mled restore p");
  expect(await shell.json("mission", "create", "p", "Another")).toMatchObject({
    code: 6,
    envelope: { error: { code: "ALREADY_EXISTS" } },
  });
  expect((await shell.json("mission", "show", "p")).data.archived).toBe(path.basename(file));
  expect((await shell.run("mission", "list")).out).toContain("(archived)");
  expect((await shell.run("archive", "p")).out).toContain("archived already");
  expect(await shell.json("check-archive", file)).toMatchObject({
    code: 0,
    data: { mission: "p", sha256, sound: true },
  });
  expect((await shell.run("check-archive", file, "--log")).out).toContain("mission created: Passkeys");
  expect((await shell.run("restore", "p")).out).toContain("restored p");
  expect((await shell.run("wp", "note", "p/WP01", "again")).code).toBe(0);
  expect(logs(shell, ledger)["mission-p.jsonl"]?.startsWith(log as string)).toBe(true);
});

test("an archive brings a mission back into a ledger that does not hold it, byte for byte", async () => {
  const shell = await closed();
  const log = logs(shell, ledger)["mission-p.jsonl"];
  const { data } = await shell.json("archive", "p", "--to", "cold/p.jsonl");
  expect(data.file).toBe(at(shell, "cold", "p.jsonl"));
  await shell.run("init", "--ledger", "two");
  const { code, out } = await shell.run("restore", "cold/p.jsonl", "--ledger", "two");
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining("brought back") });
  expect(logs(shell, "two")["mission-p.jsonl"]).toBe(log);
  expect((await shell.run("wp", "note", "p/WP01", "on", "--ledger", "two")).code).toBe(0);
  expect(await shell.json("restore", "cold/p.jsonl", "--ledger", "two")).toMatchObject({
    code: 0,
    data: { brought: 0 },
  });
});

test("an archive of a mission that went on differently here is refused", async () => {
  const shell = await closed();
  await shell.run("archive", "p", "--to", "p.jsonl.gz");
  await shell.run("init", "--ledger", "two");
  await shell.run("mission", "create", "p", "Somebody else's", "--ledger", "two");
  expect(await shell.json("restore", "p.jsonl.gz", "--ledger", "two")).toMatchObject({
    code: 8,
    envelope: { error: { code: "COPY_DIVERGED" } },
  });
});

test.skipIf(!inject("sqlite"))("archive and restore do the same on SQLite", async () => {
  const shell = await closed();
  await shell.run("copy", `file:${ledger}`, "sqlite:plan.db");
  const store = ["--store", "sqlite:plan.db"];
  const { data, code } = await shell.json("archive", "p", ...store);
  expect({ code, folder: path.dirname(data.file) }).toEqual({ code: 0, folder: at(shell, "archive") });
  expect(await shell.json("wp", "note", "p/WP01", "late", ...store)).toMatchObject({ code: 6 });
  expect(await shell.json("restore", data.file, ...store)).toMatchObject({ code: 0, data: { brought: 0 } });
  expect((await shell.run("wp", "note", "p/WP01", "again", ...store)).code).toBe(0);
  await shell.run("init", "--store", "sqlite:other.db");
  expect(await shell.json("restore", data.file, "--store", "sqlite:other.db")).toMatchObject({ code: 0 });
  expect((await shell.run("copy", "sqlite:other.db", "file:back")).code).toBe(0);
  expect(logs(shell, "back")["mission-p.jsonl"]).toBe(logs(shell, ledger)["mission-p.jsonl"]);
});

test("an archived mission is never said to be in a file where it is not", async () => {
  const shell = await closed();
  await shell.run("archive", "p", "--to", "cold/p.jsonl");
  expect((await shell.json("archive", "p", "--to", "cold/p.jsonl")).code).toBe(0);
  const elsewhere = await shell.json("archive", "p", "--to", "cold/second.jsonl");
  expect(elsewhere).toMatchObject({ code: 6, envelope: { error: { code: "MISSION_ARCHIVED" } } });
  expect(elsewhere.envelope.error?.hint).toMatch(
    /^Copy that file, or .*: mled restore p, then this command again/,
  );
  fs.truncateSync(at(shell, "cold", "p.jsonl"), 900);
  expect((await shell.json("archive", "p", "--to", "cold/p.jsonl")).code).toBe(6);
});

test("a dry run of an archive makes neither a file nor a mark", async () => {
  const shell = await closed();
  const before = logs(shell, ledger);
  expect((await shell.run("archive", "p", "--dry-run")).out).toContain("would have archived p");
  expect(fs.existsSync(at(shell, ledger, "archive"))).toBe(false);
  expect(logs(shell, ledger)).toEqual(before);
});
