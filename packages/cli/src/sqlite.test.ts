/** A ledger in a SQLite database, through the commands: where it is found, made and refused, and what does not apply to it. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { LedgerError } from "@mission-ledger/core";
import { describe, expect, inject, test } from "vitest";
import { openLedger } from "./index.ts";
import { planned, session } from "./testing/session.ts";

const store = "sqlite:plan.db";
const onSqlite = { env: { MISSION_LEDGER_ACTOR: "tester", MISSION_LEDGER_STORE: store } };

describe("an address", () => {
  test.each([
    ["sqlite:", "needs a database file"],
    ["sqlite::memory:", "would be gone with the command"],
    ["file:", "needs a directory"],
    ["mongo://x", "file:, sqlite: and esdb:// are"],
    ["plan.db", "is not an address"],
  ])("%s is refused with what is wrong", async (address, problem) => {
    const shell = session();
    const { code, envelope } = await shell.json("where", "--store", address);
    expect(code).toBe(2);
    expect(envelope.error).toMatchObject({ code: "USAGE", message: expect.stringContaining(problem) });
    await expect(openLedger({ store: address, actor: "a" })).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining(problem),
    });
  });

  test("names one database from wherever it is read", async () => {
    const shell = session();
    const file = path.join(shell.directory, "plan.db");
    expect((await shell.json("where", "--store", store)).data).toMatchObject({
      store: "sqlite",
      path: file,
      directory: null,
      exists: false,
      decidedBy: "--store",
    });
    expect((await shell.json("where", "--store", `sqlite:${file}`)).data.path).toBe(file);
    expect((await shell.json("where", "--store", `sqlite://${file}`)).data.path).toBe(file);
  });
});

describe.skipIf(!inject("sqlite"))("a database", () => {
  test("is made by init with the folders above it, found by its path, and left alone when it is there", async () => {
    const shell = session();
    const address = "sqlite:deep/er/plan.db";
    const file = path.join(shell.directory, "deep/er/plan.db");
    expect((await shell.json("init", "--dry-run", "--store", address)).data).toMatchObject({
      wouldCreate: true,
      path: file,
    });
    expect(existsSync(path.join(shell.directory, "deep"))).toBe(false);
    const made = await shell.run("init", "--store", address);
    expect(made).toMatchObject({ code: 0, err: "" });
    expect(made.out).toContain(`created ${file} (SQLite store)`);
    await shell.run("mission", "create", "p", "Passkeys", "--ledger", "deep/er/plan.db");
    expect((await shell.json("init", "--store", address)).data).toMatchObject({
      created: false,
      missions: 1,
      store: "sqlite",
    });
    expect((await shell.json("where", "--ledger", "deep/er/plan.db")).data).toMatchObject({
      store: "sqlite",
      exists: true,
    });
  });

  test("that is not there is said to be missing, with the command that makes it, and is not made by reading", async () => {
    const shell = session();
    for (const command of [
      ["board", "p"],
      ["verify"],
      ["doctor"],
      ["repair"],
      ["unlock", "p"],
      ["publish"],
    ]) {
      const { code, envelope } = await shell.json(...command, "--store", store);
      expect(code, command.join(" ")).toBe(3);
      expect(envelope.error).toMatchObject({
        code: "LEDGER_NOT_FOUND",
        hint: `mled init --store ${store}`,
        details: { store: "sqlite", path: path.join(shell.directory, "plan.db") },
      });
    }
    expect(readdirSync(shell.directory)).toEqual([]);
  });

  test("cannot stand where a directory or another database does, and those stay as they are", async () => {
    const shell = session();
    mkdirSync(path.join(shell.directory, "plan.db"));
    for (const command of [["init"], ["board", "p"], ["mission", "create", "p", "T"]])
      expect(await shell.json(...command, "--store", store)).toMatchObject({
        code: 7,
        envelope: { error: { code: "UNSAFE_FILE", outcome: "not_written" } },
      });
    writeFileSync(
      path.join(shell.directory, "notes.txt"),
      "not a database, but long enough to be read as one\n".repeat(50),
    );
    const { code, envelope } = await shell.json("mission", "create", "p", "T", "--ledger", "notes.txt");
    expect(code).toBe(8);
    expect(envelope.error).toMatchObject({ code: "LOG_CORRUPT", outcome: "not_written" });
    expect(readdirSync(shell.directory).sort()).toEqual(["notes.txt", "plan.db"]);
  });
});

describe.skipIf(!inject("sqlite"))("every command on SQLite", () => {
  test("says the same as on files", async () => {
    const files = await planned();
    const sqlite = await planned(onSqlite);
    const steps = [
      ["wp", "claim", "p/WP01", "--as", "ada"],
      ["wp", "claim", "p/WP01", "--as", "bob"],
      ["wp", "move", "p/WP01", "in_progress", "--as", "ada"],
      ["wp", "move", "p/WP01", "done", "--as", "ada"],
      ["wp", "move", "p/WP01", "for_review", "--as", "ada", "--evidence", "commit=9c1f2ab"],
      ["review", "start", "p/WP01", "--as", "ada"],
      ["review", "start", "p/WP01", "--as", "bob"],
      ["review", "submit", "p/WP01", "--as", "bob", "--verdict", "approved"],
      ["wp", "subtask", "p/WP03", "T1", "--dry-run"],
      ["wp", "list", "p"],
      ["ready", "--why"],
      ["next"],
      ["board", "p"],
      ["wp", "show", "p/WP01"],
      ["mission", "show", "p"],
      ["mission", "list"],
      ["log", "nope"],
      ["wp", "show", "p/WP09"],
    ];
    for (const step of steps) {
      const [one, other] = [await files.run(...step), await sqlite.run(...step)];
      expect(told(other.out), step.join(" ")).toBe(told(one.out));
      expect({ code: other.code, err: told(other.err) }, step.join(" ")).toEqual({
        code: one.code,
        err: told(one.err),
      });
    }
    const [one, other] = [(await files.json("log", "p")).data, (await sqlite.json("log", "p")).data];
    expect(other.events.length).toBeGreaterThan(10);
    const what = ({ revision, type, actor, text }: Entry) => ({ revision, type, actor, text });
    expect(other.events.map(what)).toEqual(one.events.map(what));
  });

  test("refuses the positions of another store, and takes its own", async () => {
    for (const shell of [await planned(), await planned(onSqlite)]) {
      const { events } = (await shell.json("log", "p")).data;
      const own = events[3].position as string;
      expect((await shell.json("board", "p", "--at", own)).data.at).toMatchObject({ revision: 3 });
      const odd = ["position:x", ...(own.includes(":") ? [] : ["0000000000000002:mission-p:000"])];
      for (const position of odd)
        for (const argv of [
          ["board", "p", "--at", position],
          ["ready", "--at", position],
        ])
          expect(await shell.json(...argv), argv.join(" ")).toMatchObject({
            code: 2,
            envelope: {
              error: { code: "USAGE", message: expect.stringContaining("is not a position in this log") },
            },
          });
      expect((await shell.json("log", "--cursor", "x")).code).toBe(2);
    }
  });

  test("repeats under its request id what was done, and refuses another command under it", async () => {
    const shell = await planned(onSqlite);
    const again = ["wp", "claim", "p/WP01", "--request-id", "5c3a1f60-0000-4000-8000-000000000001"];
    const first = (await shell.json(...again)).data;
    expect((await shell.json(...again)).data).toMatchObject({
      revision: first.revision,
      fence: first.fence,
    });
    const other = ["wp", "note", "p/WP01", "text", "--request-id", "5c3a1f60-0000-4000-8000-000000000001"];
    expect(await shell.json(...other)).toMatchObject({
      code: 6,
      envelope: { error: { code: "COMMAND_ID_REUSED" } },
    });
  });

  test("that is about log files says so, and changes nothing", async () => {
    const shell = await planned(onSqlite);
    const before = (await shell.json("log")).data.events.length;
    for (const [argv, words] of [
      [["unlock", "p"], "nothing to unlock"],
      [["unlock", "--switch", "generation"], "nothing to unlock"],
      [["repair"], "repair mends log files"],
      [["repair", "p", "--accept-loss"], "repair mends log files"],
      [["reconcile"], "it has no forks"],
      [["reconcile", "p", "--winner", "local"], "it has no forks"],
      [["publish"], "keep the database out of git"],
      [["publish", "--dry-run"], "keep the database out of git"],
      [["init", "--git"], "MISSION_LEDGER_STORE decides"],
    ] as const) {
      const { code, envelope } = await shell.json(...argv);
      expect(code, argv.join(" ")).toBe(2);
      expect(envelope.error).toMatchObject({ code: "USAGE", message: expect.stringContaining(words) });
    }
    expect((await shell.json("log")).data.events).toHaveLength(before);
    expect(existsSync(path.join(shell.directory, ".mission-ledger"))).toBe(false);
  });
});

describe.skipIf(!inject("sqlite"))("a program", () => {
  test("opens a ledger by its address, and another one finds it there", async () => {
    const { directory } = session();
    const options = { store, cwd: directory, actor: "ada" };
    const ledger = await openLedger(options);
    const mission = await ledger.createMission({ slug: "p", title: "Passkeys" });
    await mission.addWorkPackage({ id: "WP01", title: "One" });
    const claim = await mission.workPackage("WP01").claim({ renew: false });
    expect(claim.receipt.readback).toBe("verified");
    await ledger.close();
    const later = await openLedger(options);
    const refused = await later
      .mission("p")
      .workPackage("WP01")
      .claim({ actor: "bob" })
      .catch((error) => error);
    expect(LedgerError.is(refused, "CLAIM_HELD")).toBe(true);
    await later.close();
  });
});

describe("a driver that is not there", () => {
  test("is a fault with the fix, before anything is written; a ledger in files goes on without it", async () => {
    const loadDriver = () => {
      throw new Error("Could not locate the bindings file.");
    };
    const shell = session({ ...onSqlite, loadDriver });
    writeFileSync(path.join(shell.directory, "plan.db"), "");
    for (const argv of [["init"], ["board", "p"], ["mission", "create", "p", "T"]]) {
      const { code, envelope } = await shell.json(...argv);
      expect(code).toBe(7);
      expect(envelope.error).toMatchObject({ code: "DRIVER_MISSING", outcome: "not_written" });
      for (const fix of ["pnpm rebuild better-sqlite3", "npm rebuild better-sqlite3"])
        expect(envelope.error?.hint).toContain(fix);
    }
    expect((await shell.run("init", "--ledger", "plan")).code).toBe(0);
  });
});

interface Entry {
  readonly revision: number;
  readonly type: string;
  readonly actor: string;
  readonly text: string;
}

/** What differs from ledger to ledger whatever the store: ids, digests. */
const told = (text: string): string =>
  text.replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{64}\b/g, "…");

test.skipIf(!inject("sqlite"))(
  "a mark of a failed flush is told by doctor and verify, and goes with the next write",
  async () => {
    const shell = await planned(onSqlite);
    const mark = path.join(shell.directory, "plan.db-suspect");
    writeFileSync(mark, "");
    const { code, data } = await shell.json("doctor");
    expect(code).toBe(0);
    expect(data.findings).toContainEqual(
      expect.objectContaining({ severity: "action", kind: "suspect", command: null }),
    );
    expect((await shell.json("verify")).envelope.warnings).toContainEqual(
      expect.stringContaining("a flush failed and was not recovered since"),
    );
    expect(existsSync(mark)).toBe(true);
    await shell.json("mission", "create", "q", "T");
    expect(existsSync(mark)).toBe(false);
    expect((await shell.json("doctor")).data.findings).not.toContainEqual(
      expect.objectContaining({ kind: "suspect" }),
    );
  },
);
