/** Damage in a database and on a server: the step that is printed is typed, or done by hand where it is no command, and helps. */
import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { startWireServer, type WireServer } from "@mission-ledger/wire-server";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { changeDatabase } from "./testing/database.ts";
import { stepsIn } from "./testing/printed-steps.ts";
import { planned, type Session, scratch } from "./testing/session.ts";

const hintOf = async (shell: Session, ...argv: readonly string[]): Promise<string> =>
  (await shell.json(...argv)).envelope.error?.hint ?? "";

describe.skipIf(!inject("sqlite"))("a damaged database", () => {
  const onSqlite = { env: { MISSION_LEDGER_ACTOR: "tester", MISSION_LEDGER_STORE: "sqlite:plan.db" } };
  const fileOf = (shell: Session, name = "plan.db"): string => path.join(shell.directory, name);

  /** Mission `p` and nothing remembered of it, so that nobody starts behind the damage. */
  const sound = async (): Promise<Session> => {
    const shell = await planned(onSqlite);
    rmSync(fileOf(shell, "plan.db-cache"), { force: true });
    copyFileSync(fileOf(shell), fileOf(shell, "backup.db"));
    return shell;
  };

  const damageIndex = (shell: Session, name: string): void => {
    let page = 0;
    changeDatabase(fileOf(shell), (db) => {
      [page] = db.prepare("SELECT max(pageno) FROM dbstat WHERE name = ?").raw().get(name) as [number];
    });
    const bytes = readFileSync(fileOf(shell));
    bytes.fill(0, (page - 1) * 4_096, page * 4_096);
    writeFileSync(fileOf(shell), bytes);
  };

  test.each(["sqlite_autoindex_events_1", "sqlite_autoindex_events_2", "sqlite_autoindex_commands_1"])(
    "whose index %s is broken is copied as printed, and the copy in its place has everything",
    async (name) => {
      const shell = await sound();
      const { events } = (await shell.json("log", "p")).data;
      damageIndex(shell, name);
      const copy = ["copy", `sqlite:${fileOf(shell)}`, `sqlite:${fileOf(shell, "plan.copy.db")}`];
      for (const argv of [["verify"], ["verify", "p"], ["doctor"], ["doctor", "p"]])
        expect([argv, stepsIn(await hintOf(shell, ...argv))[0]]).toEqual([argv, copy]);
      const { findings } = (await shell.json("doctor")).data;
      expect(stepsIn(findings[0].command)).toEqual([copy]);
      expect(await shell.run(...copy)).toMatchObject({ code: 0 });
      renameSync(fileOf(shell), fileOf(shell, "broken.db"));
      for (const end of ["-wal", "-shm"]) rmSync(fileOf(shell, `plan.db${end}`), { force: true });
      renameSync(fileOf(shell, "plan.copy.db"), fileOf(shell));
      expect(await shell.run("verify")).toMatchObject({ code: 0 });
      expect((await shell.json("log", "p")).data.events).toEqual(events);
      expect((await shell.run("wp", "note", "p/WP01", "on it goes")).code).toBe(0);
    },
  );

  test.each([["wp", "note", "p/WP01", "hi"], ["rebuild"]])(
    "is met by %s, whose step leads to the one that helps",
    async (...argv) => {
      const shell = await sound();
      damageIndex(shell, "sqlite_autoindex_events_2");
      const [look] = stepsIn(await hintOf(shell, ...argv));
      expect(look?.[0]).toMatch(/^(doctor|verify)$/);
      expect(stepsIn(await hintOf(shell, ...(look ?? [])))[0]?.[0]).toBe("copy");
    },
  );

  test.each<[what: string, harm: (shell: Session) => void]>([
    [
      "a row that was changed",
      (shell) =>
        changeDatabase(fileOf(shell), (db) => {
          const triggers = db
            .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
            .raw()
            .all() as [name: string, sql: string][];
          for (const [name] of triggers) db.exec(`DROP TRIGGER ${name}`);
          db.exec("UPDATE events SET data = '{}' WHERE revision = 1");
          for (const [, sql] of triggers) db.exec(sql);
        }),
    ],
    ["nothing in it", (shell) => writeFileSync(fileOf(shell), Buffer.alloc(40_000))],
  ])("with %s is not copied but replaced by a sound copy, as printed", async (_, harm) => {
    const shell = await sound();
    harm(shell);
    for (const argv of [["verify"], ["doctor"]]) {
      const hint = await hintOf(shell, ...argv);
      expect(hint).toContain("put a sound copy in its place");
      expect(stepsIn(hint)).toEqual([["verify"]]);
    }
    for (const end of ["", "-wal", "-shm"]) rmSync(fileOf(shell, `plan.db${end}`), { force: true });
    copyFileSync(fileOf(shell, "backup.db"), fileOf(shell));
    expect((await shell.run("verify")).code).toBe(0);
  });

  test("that is an older copy of itself is replaced by the one that held the events, as printed", async () => {
    const shell = await sound();
    await shell.run("wp", "note", "p/WP01", "later");
    await shell.run("rebuild");
    renameSync(fileOf(shell), fileOf(shell, "newer.db"));
    copyFileSync(fileOf(shell, "backup.db"), fileOf(shell));
    for (const argv of [["verify"], ["doctor"]]) {
      const hint = await hintOf(shell, ...argv);
      expect(hint).toContain("put back the one that held those events");
      expect(stepsIn(hint)).toEqual([["verify"]]);
    }
    renameSync(fileOf(shell, "newer.db"), fileOf(shell));
    expect((await shell.run("verify")).code).toBe(0);
  });
});

describe("damage on a server", () => {
  const onServer = async (): Promise<{ server: WireServer; shell: Session; cache: string }> => {
    const server = await startWireServer();
    onTestFinished(() => server.stop());
    const cache = scratch();
    const env = { MISSION_LEDGER_ACTOR: "tester", MISSION_LEDGER_STORE: server.url, XDG_CACHE_HOME: cache };
    return { server, shell: await planned({ env }), cache };
  };

  test("is undone there, as printed by verify and doctor, and led to by everybody else", async () => {
    const { server, shell, cache } = await onServer();
    rmSync(cache, { recursive: true, force: true });
    const event = server.events("mission-p")[2];
    server.tamper("mission-p", 2n, { metadata: new TextEncoder().encode("{}") });
    for (const argv of [["verify"], ["doctor"]]) {
      const hint = await hintOf(shell, ...argv);
      expect(hint).toContain("undo what hides or changes its events");
      expect(stepsIn(hint)).toEqual([["verify"]]);
    }
    const [look] = stepsIn(await hintOf(shell, "rebuild"));
    expect(look).toEqual(["verify", "p"]);
    expect(await hintOf(shell, ...(look ?? []))).toContain("undo what hides or changes its events");
    server.tamper("mission-p", 2n, { metadata: event?.metadata ?? new Uint8Array() });
    expect((await shell.run("verify")).code).toBe(0);
  });

  test("by which a stream was deleted for good is overcome by a copy into another ledger, as printed", async () => {
    const { server, shell } = await onServer();
    await shell.run("copy", server.url, "file:backup");
    const near = createRequire(import.meta.resolve("@mission-ledger/store-eventstoredb"));
    const { EventStoreDBClient } = near("@eventstore/db-client");
    const client = new EventStoreDBClient({ endpoint: `127.0.0.1:${server.port}` }, { insecure: true });
    await client.tombstoneStream("mission-p");
    await client.dispose();
    const another = `${server.url}&ledger=again`;
    const values = { "a copy of it": "file:backup", "another ledger": another };
    const [step] = stepsIn(await hintOf(shell, "doctor"), values);
    expect(step).toEqual(["copy", "file:backup", another, "--mission", "p"]);
    expect((await shell.run(...(step ?? []))).code).toBe(0);
    expect((await shell.run("verify", "--store", another)).code).toBe(0);
    expect((await shell.run("wp", "note", "p/WP01", "on it goes", "--store", another)).code).toBe(0);
  });
});
