import path from "node:path";
import {
  type EventEnvelope,
  emptyHead,
  isStoreFault,
  type JsonObject,
  type Scanned,
  type ScanOptions,
  type ScanSink,
  type StreamHead,
  scanByReading,
  sealCommit,
} from "@mission-ledger/core";
import { commits } from "@mission-ledger/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SqlValue } from "./driver/driver.ts";
import { openSqliteStore } from "./index.ts";
import { crcOfBytes, crcOfColumns } from "./schema/checksum.ts";
import { eventColumns } from "./schema/rows.ts";
import { scratchDirectory } from "./testing/scratch.ts";
import { behindTriggers, changeEvent } from "./testing/tamper.ts";

const stream = "mission-m1";

const hear = async (
  wanted: ScanOptions["wanted"],
  run: (sink: ScanSink) => Promise<Scanned>,
): Promise<unknown> => {
  const said: unknown[] = [];
  const take = (event: EventEnvelope): void => {
    const { data, meta, version } = wanted.get(event.type) ?? {};
    const isWhole = version !== undefined && version !== event.version;
    const kept = (names: readonly string[] | undefined, of: object): unknown =>
      Object.fromEntries(
        Object.entries(of).filter(([key]) => key !== "data" && (isWhole || (names?.includes(key) ?? true))),
      );
    said.push(event.type, event.version, event.revision, kept(meta, event), kept(data, event.data));
  };
  try {
    return { said, scanned: await run({ take, pass: (type, version) => said.push(type, version) }) };
  } catch (error) {
    if (!isStoreFault(error)) throw error;
    return error.code;
  }
};

const wanteds = fc
  .dictionary(
    fc.constantFrom("Noted", "Opened", "Closed", "Other"),
    fc.record(
      {
        data: fc.subarray(["a", "b", "type", "id"]),
        meta: fc.subarray(["id", "actor", "recordedAt", "correlationId", "previous"] as const),
        version: fc.integer({ min: 1, max: 3 }),
      },
      { requiredKeys: [] },
    ),
  )
  .map((entries) => new Map(Object.entries(entries)) as ScanOptions["wanted"]);

const tamperings: fc.Arbitrary<string | undefined> = fc.option(
  fc
    .record({
      position: fc.integer({ min: 1, max: 20 }),
      change: fc.constantFrom(
        "UPDATE events SET type = 'Other'",
        "UPDATE events SET data = '{}'",
        "UPDATE events SET crc = crc + 1",
        "UPDATE commands SET actor = 'other'",
        "UPDATE commands SET previous = NULL",
        "UPDATE commands SET previous = ''",
        "UPDATE commands SET correlation_id = ''",
        "UPDATE commands SET causation_id = NULL",
        "UPDATE commands SET actor = actor || char(10) || 'x'",
        "UPDATE events SET data = replace(data, '{', '{' || char(10))",
        "DELETE FROM events",
      ),
    })
    .map(({ position, change }) => `${change} WHERE position = ${position}`),
  { nil: undefined },
);

test("scanning a stream hands over what reading it would, also of a damaged database", async () => {
  const property = fc.asyncProperty(
    commits({ stream, maxCommits: 8 }),
    wanteds,
    tamperings,
    fc.option(fc.nat({ max: 20 }), { nil: undefined }),
    fc.option(fc.nat({ max: 20 }), { nil: undefined }),
    async (list, wanted, tampering, to, from) => {
      const file = path.join(scratchDirectory(), "ledger.db");
      const store = await openSqliteStore({ path: file });
      for (const commit of list)
        await store.append({
          commit,
          expected: commit.firstRevision === 0 ? "no_stream" : commit.firstRevision - 1,
        });
      if (tampering !== undefined && list.length > 0) behindTriggers(file, (db) => db.exec(tampering));
      const after = from === undefined ? undefined : list.flatMap(({ events }) => events)[from];
      const options: ScanOptions = {
        wanted,
        ...(to === undefined ? {} : { to }),
        ...(after === undefined ? {} : { after: { revision: after.revision, digest: after.digest } }),
      };
      const scanned = await hear(wanted, async (sink) => {
        if (store.scan === undefined) throw new TypeError("the store does not scan");
        return store.scan(stream, options, sink);
      });
      const read = await hear(wanted, (sink) => scanByReading(store, stream, options, sink));
      await store.close();
      expect(scanned).toEqual(read);
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

test("scanning many pages is the same as reading them", async () => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const store = await openSqliteStore({ path: file });
  let head: StreamHead = emptyHead;
  for (let index = 0; index < 500; index += 1) {
    const context = {
      stream,
      commandId: `c${index}`,
      commandDigest: "0".repeat(64),
      recordedAt: "2026-01-01T00:00:00.000Z",
      actor: "ana",
    };
    // Three to a command, so that pages begin in the middle of one.
    const events = [0, 1, 2].map((n) => ({
      type: n === 1 ? "Other" : "Noted",
      version: 1,
      data: { n, index },
    }));
    const commit = sealCommit(head, context, events);
    await store.append({ commit, expected: head.revision < 0 ? "no_stream" : head.revision });
    const last = commit.events.at(-1) as EventEnvelope;
    head = { revision: last.revision, digest: last.digest };
  }
  const wanted: ScanOptions["wanted"] = new Map([["Noted", {}]]);
  const scanned = await hear(
    wanted,
    async (sink) => store.scan?.(stream, { wanted }, sink) as Promise<Scanned>,
  );
  expect(scanned).toEqual(await hear(wanted, (sink) => scanByReading(store, stream, { wanted }, sink)));
  await store.close();
});

/** A stream of commands with three events each. */
const written = async (file: string, commandCount: number): Promise<void> => {
  const store = await openSqliteStore({ path: file });
  let head: StreamHead = emptyHead;
  for (let index = 0; index < commandCount; index += 1) {
    const context = {
      stream,
      commandId: `c${index}`,
      commandDigest: "0".repeat(64),
      recordedAt: "2026-01-01T00:00:00.000Z",
      actor: "änne",
    };
    const events = ["Noted", "Other", "Noted"].map((type, n) => ({
      type,
      version: 1,
      data: { n, text: "ü" },
    }));
    const commit = sealCommit(head, context, events);
    await store.append({ commit, expected: head.revision < 0 ? "no_stream" : head.revision });
    const last = commit.events.at(-1) as EventEnvelope;
    head = { revision: last.revision, digest: last.digest };
  }
  await store.close();
};

const scannedAndRead = async (file: string): Promise<readonly [scanned: unknown, read: unknown]> => {
  const store = await openSqliteStore({ path: file });
  const wanted: ScanOptions["wanted"] = new Map([["Noted", {}]]);
  const both = [
    await hear(wanted, async (sink) => store.scan?.(stream, { wanted }, sink) as Promise<Scanned>),
    await hear(wanted, (sink) => scanByReading(store, stream, { wanted }, sink)),
  ] as const;
  await store.close();
  return both;
};

/** What SQL cannot do to tables that are STRICT, a damaged page can. */
const withoutTypes = (file: string, change: string): void => {
  behindTriggers(file, (db) => {
    db.unsafeMode();
    db.pragma("writable_schema = ON");
    db.exec(
      "UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')') WHERE name IN ('events', 'commands')",
    );
    db.pragma("schema_version = 1000");
  });
  behindTriggers(file, (db) => db.exec(change));
};

test.each([
  "UPDATE events SET id = CAST(id AS BLOB) WHERE revision = 3",
  "UPDATE events SET type = CAST(type AS BLOB) WHERE revision = 4",
  "UPDATE events SET digest = CAST(digest AS BLOB) WHERE revision = 5",
  "UPDATE events SET version = CAST(version AS BLOB) WHERE revision = 4",
  "UPDATE events SET crc = CAST(crc AS BLOB) WHERE revision = 4",
  "UPDATE commands SET actor = CAST(actor AS BLOB) WHERE first_revision = 3",
  "UPDATE commands SET recorded_at = CAST(recorded_at AS BLOB) WHERE first_revision = 3",
  "UPDATE commands SET command_id = CAST(command_id AS BLOB) WHERE first_revision = 3",
  "UPDATE commands SET correlation_id = x'' WHERE first_revision = 3",
  "UPDATE commands SET correlation_id = '' WHERE first_revision = 3",
  "UPDATE commands SET previous = '' WHERE first_revision = 0",
  "UPDATE commands SET previous = CAST(previous AS BLOB) WHERE first_revision = 3",
  "UPDATE commands SET crc = CAST(crc AS BLOB) WHERE first_revision = 3",
])("a value of another type is damage to a scan as it is to a read: %s", async (change) => {
  const file = path.join(scratchDirectory(), "ledger.db");
  await written(file, 3);
  const [before] = await scannedAndRead(file);
  withoutTypes(file, change);
  const [scanned, read] = await scannedAndRead(file);
  expect(scanned).toEqual(read);
  expect(scanned).not.toEqual(before);
});

test.each([
  "UPDATE events SET data = CAST(data AS BLOB) WHERE revision = 3",
  "UPDATE commands SET events = CAST(events AS BLOB) WHERE first_revision = 3",
])("a blob of the same characters is to a scan what it is to a read: %s", async (change) => {
  const file = path.join(scratchDirectory(), "ledger.db");
  await written(file, 3);
  withoutTypes(file, change);
  const [scanned, read] = await scannedAndRead(file);
  expect(scanned).toEqual(read);
});

test.each<readonly [string, () => JsonObject]>([
  ["a forbidden key", () => JSON.parse('{"constructor":1}') as JsonObject],
  ["half a character", () => ({ text: "\ud800" })],
])("data with %s under its checksum is to a scan what it is to a read", async (_, change) => {
  const file = path.join(scratchDirectory(), "ledger.db");
  await written(file, 3);
  changeEvent(file, stream, 3, change);
  const [scanned, read] = await scannedAndRead(file);
  expect(scanned).toEqual(read);
  expect(scanned).toBe("LOG_CORRUPT");
});

test.each(["id", "type", "data", "digest"])(
  "a line feed in the %s of an event does not pass for the end of a column",
  async (column) => {
    const file = path.join(scratchDirectory(), "ledger.db");
    await written(file, 3);
    behindTriggers(file, (db) => {
      const row = db
        .prepare(`SELECT ${eventColumns} FROM events WHERE revision = 8`)
        .raw()
        .get() as SqlValue[];
      const index = eventColumns.split(", ").indexOf(column);
      row[index] = String(row[index]).replace(/^./u, "$&\n");
      db.prepare(`UPDATE events SET ${column} = ?, crc = ? WHERE revision = 8`).run(
        row[index],
        crcOfColumns(row, 9),
      );
    });
    const [scanned, read] = await scannedAndRead(file);
    expect(scanned).toEqual(read);
    expect(scanned).not.toBe("LOG_CORRUPT");
  },
);

test("bytes that are no UTF-8 are damage to a scan as they are to a read, also under their own checksum", async () => {
  const file = path.join(scratchDirectory(), "ledger.db");
  await written(file, 3);
  behindTriggers(file, (db) => {
    const row = db.prepare(`SELECT ${eventColumns} FROM events WHERE revision = 4`).raw().get() as SqlValue[];
    const columns = row.slice(0, 9).map((value) => Buffer.from(`${value}`));
    columns[4] = Buffer.from([0x69, 0xff]);
    const bytes = Buffer.concat(columns.flatMap((column) => [column, Buffer.from("\n")]));
    db.prepare("UPDATE events SET id = CAST(x'69ff' AS TEXT), crc = ? WHERE revision = 4").run(
      crcOfBytes(bytes.subarray(0, -1)),
    );
  });
  expect(await scannedAndRead(file)).toEqual(["LOG_CORRUPT", "LOG_CORRUPT"]);
});
