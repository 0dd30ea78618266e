import path from "node:path";
import { fileURLToPath } from "node:url";
import { driverFrom } from "@mission-ledger/store-sqlite";
import { describe, expect, inject, test } from "vitest";
import { planned } from "../testing/session.ts";
import { type InspectedDatabase, longWalNote } from "./inspect-database.ts";

const withWal = (walBytes: number): InspectedDatabase => ({
  facts: { path: "/x/plan.db", ledgerId: null, commands: 0, bytes: 0, walBytes },
  suspect: false,
  rowsWhole: true,
  problems: [],
  streams: [],
  commandsOf: () => 0,
});

describe("a write-ahead log", () => {
  test("is worth a word only when it is longer than SQLite would keep it", () => {
    expect(longWalNote(withWal(67_108_864))).toBeUndefined();
    expect(longWalNote(withWal(200 * 1_048_576))).toMatch(/^\/x\/plan\.db-wal is 200 MiB long: /);
  });
});

test.skipIf(!inject("sqlite")).each(["verify", "doctor"])(
  "%s, interrupted while SQLite checks its pages, reads no row any more",
  async (name) => {
    const stopping = new AbortController();
    const statements: string[] = [];
    const Driver = driverFrom(fileURLToPath(import.meta.resolve("@mission-ledger/store-sqlite")))();
    class Watched extends Driver {
      override prepare(sql: string) {
        statements.push(sql);
        if (sql.startsWith("PRAGMA integrity_check")) stopping.abort();
        return super.prepare(sql);
      }
    }
    const env = { MISSION_LEDGER_ACTOR: "tester", MISSION_LEDGER_STORE: "sqlite:plan.db" };
    const shell = await planned({ env });
    const sound = await shell.json(name);
    expect(sound.code).toBe(0);
    const ended = await planned({ env, loadDriver: () => Watched, signal: stopping.signal });
    const { code, envelope } = await ended.json(name);
    expect([code, envelope.error]).toMatchObject([130, { code: "INTERRUPTED", outcome: "not_written" }]);
    expect(statements.at(-1)).toMatch(/^PRAGMA integrity_check/);
    expect((await shell.json(name, "--store", `sqlite:${path.join(ended.directory, "plan.db")}`)).code).toBe(
      0,
    );
  },
);
