/** Databases whose index pages are damaged: an index holds nothing of its own, so a copy to a new file has everything. */
import fs from "node:fs";
import path from "node:path";
import { type CopyReport, copyLedger, emptyHead } from "@mission-ledger/core";
import { put } from "@mission-ledger/testkit";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { inspectDatabase } from "../inspect/inspect-database.ts";
import { openSqliteStore } from "../sqlite-store.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { sqliteTransfer } from "./sqlite-transfer.ts";

const pageBytes = 4_096;

interface Grown {
  readonly file: string;
  readonly bytes: Buffer;
  /** Numbers of the pages of all indexes, from 1. */
  readonly indexPages: readonly number[];
  /** Of every table. */
  readonly tablePages: readonly number[];
  /** What a copy of all of it comes to. */
  readonly report: CopyReport;
}

const copyOf = async (file: string): Promise<CopyReport> => {
  const to = sqliteTransfer({ path: path.join(scratchDirectory(), "copy.db") });
  const from = sqliteTransfer({ path: file });
  try {
    return await copyLedger({ from, to });
  } finally {
    await from.close();
    await to.close();
  }
};

/** Three streams, 288 events: every index has several pages. */
const grown = async (): Promise<Grown> => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const store = await openSqliteStore({ path: file });
  for (const stream of ["mission-a", "mission-b", "mission-c"]) {
    let head = emptyHead;
    for (let index = 0; index < 12; index += 1)
      head = (await put(store, head, `${stream}-${index}`, { stream, events: 8 })).head;
  }
  await store.close();
  const report = await copyOf(file);
  const db = new Database(file, { readonly: true });
  const pagesOf = (type: string): readonly number[] =>
    db
      .prepare("SELECT pageno FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema WHERE type = ?)")
      .pluck()
      .all(type) as number[];
  const [indexPages, tablePages] = [pagesOf("index"), pagesOf("table")];
  db.close();
  return { file, bytes: fs.readFileSync(file), indexPages, tablePages, report };
};

/** Ways to damage the page that begins at `start`. */
const damages: readonly (readonly [what: string, harm: (bytes: Buffer, start: number) => void])[] = [
  ["holds zeros", (bytes, start) => bytes.fill(0, start, start + pageBytes)],
  [
    "has lost half of its entries",
    (bytes, start) => bytes.writeUInt16BE(bytes.readUInt16BE(start + 3) >> 1, start + 3),
  ],
  [
    "names another stream in its first entry",
    (bytes, start) => {
      const cell = bytes.readUInt16BE(start + 8);
      const text = bytes.indexOf("mission-", start + cell);
      if (text > 0 && text < start + pageBytes) bytes[text + 8] = 0x7a;
    },
  ],
  ["has the content of another page", (bytes, start) => bytes.copy(bytes, start, pageBytes, 2 * pageBytes)],
];

describe("a database in which a page of an index", () => {
  test.each(damages)("%s is copied whole, and said to have whole rows", async (_, harm) => {
    const { file, bytes, indexPages, report } = await grown();
    expect(indexPages.length).toBeGreaterThan(5);
    let found = 0;
    for (const page of indexPages) {
      const damaged = Buffer.from(bytes);
      harm(damaged, (page - 1) * pageBytes);
      fs.writeFileSync(file, damaged);
      const inspected = await inspectDatabase({ path: file });
      if (inspected.findings.length > 0) found += 1;
      expect([page, inspected.rowsWhole]).toEqual([page, true]);
      const copied = await copyOf(file);
      expect([page, copied.events, copied.sum, copied.equal]).toEqual([
        page,
        report.events,
        report.sum,
        true,
      ]);
    }
    expect(found).toBeGreaterThan(0);
  });
});

test("a damaged page of a table is not said to be whole, and no copy of it is said to be one", async () => {
  const { file, bytes, tablePages } = await grown();
  for (const page of tablePages) {
    const damaged = Buffer.from(bytes);
    damaged.fill(0, (page - 1) * pageBytes, page * pageBytes);
    fs.writeFileSync(file, damaged);
    const whole = await inspectDatabase({ path: file }).then(
      ({ rowsWhole }) => rowsWhole,
      () => false,
    );
    const copied = await copyOf(file).then(
      ({ equal }) => equal,
      () => false,
    );
    expect([page, whole, copied]).toEqual([page, false, false]);
  }
});
