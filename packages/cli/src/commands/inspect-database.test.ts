import { describe, expect, test } from "vitest";
import { type InspectedDatabase, longWalNote } from "./inspect-database.ts";

const withWal = (walBytes: number): InspectedDatabase => ({
  facts: { path: "/x/plan.db", ledgerId: null, commands: 0, bytes: 0, walBytes },
  suspect: false,
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
