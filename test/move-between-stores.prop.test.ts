/** Whole ledgers through every kind of store and back. */
import { readFileSync } from "node:fs";
import path from "node:path";
import {
  copyLedger,
  openMemoryStore,
  storeTransfer,
  type TransferSource,
  type TransferTarget,
} from "@mission-ledger/core";
import { archiveSource, fileTransfer, openFileStore, writeArchive } from "@mission-ledger/store-file";
import { openSqliteStore, sqliteTransfer } from "@mission-ledger/store-sqlite";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  growLogs,
  logsIn,
  type RandomLedger,
  writeLogs,
} from "../packages/store-file/src/testing/random-logs.ts";
import { scratchDirectory } from "../packages/store-file/src/testing/scratch.ts";

const ledgers: fc.Arbitrary<RandomLedger> = fc
  .infiniteStream(fc.nat({ max: 1_000_000 }))
  .map((choices) => growLogs((below) => ((choices.next().value as number) ?? 0) % below));

const written = (ledger: RandomLedger): string => {
  const directory = scratchDirectory();
  writeLogs(directory, ledger);
  return directory;
};
const copy = async (from: TransferSource, to: TransferTarget) => {
  try {
    return await copyLedger({ from, to });
  } finally {
    await Promise.all([from.close(), to.close()]);
  }
};
const files = (directory: string) => fileTransfer({ directory });
const sqlite = (file: string, failpoint: (name: string) => void = () => {}) =>
  sqliteTransfer({ path: file, failpoint });
const database = (): string => path.join(scratchDirectory(), "ledger.db");

test("file to SQLite to file gives byte-identical logs", async () => {
  await fc.assert(
    fc.asyncProperty(ledgers, async (ledger) => {
      const [from, between, to] = [written(ledger), database(), scratchDirectory()];
      const there = await copy(files(from), sqlite(between));
      const back = await copy(sqlite(between), files(to));
      expect(logsIn(to)).toEqual(logsIn(from));
      expect(back.sum).toBe(there.sum);
      expect(await copy(files(from), sqlite(between))).toMatchObject({ equal: true, copied: { streams: 0 } });
    }),
    { numRuns: 25 },
  );
});

test("through two databases and an archive the logs stay the same", async () => {
  await fc.assert(
    fc.asyncProperty(ledgers, async (ledger) => {
      const [from, one, two, to] = [written(ledger), database(), database(), scratchDirectory()];
      await copy(files(from), sqlite(one));
      await copy(sqlite(one), sqlite(two));
      for (const { stream } of await files(from).extents()) {
        const file = path.join(path.dirname(two), `${Buffer.from(stream).toString("hex")}.jsonl.gz`);
        await writeArchive({ from: sqlite(two), stream, file: () => file }).catch((error: { code: string }) =>
          expect(error.code).toBe("STORE_MISSING"),
        );
        if (await isThere(file))
          await copyLedger({ from: archiveSource({ file }), to: files(to), streams: [stream] });
      }
      expect(logsIn(to)).toEqual(logsIn(from));
    }),
    { numRuns: 15 },
  );
});

const isThere = async (file: string): Promise<boolean> => {
  try {
    readFileSync(file);
    return true;
  } catch {
    return false;
  }
};

test("the order of all missions is the same in every store", async () => {
  await fc.assert(
    fc.asyncProperty(ledgers, async (ledger) => {
      const [from, between] = [written(ledger), database()];
      await copy(files(from), sqlite(between));
      const one = await openFileStore({ directory: from });
      const other = await openSqliteStore({ path: between });
      const memory = openMemoryStore();
      await copyLedger({ from: sqlite(between), to: storeTransfer(memory, ["mission"]) });
      const orders = await Promise.all([one, other, memory].map(idsIn));
      expect(orders[1]).toEqual(orders[0]);
      expect(orders[2]).toEqual(orders[0]);
      await Promise.all([one.close(), other.close()]);
    }),
    { numRuns: 20 },
  );
});

const idsIn = async (store: Awaited<ReturnType<typeof openFileStore>>): Promise<readonly string[]> => {
  const ids: string[] = [];
  for await (const batch of store.readAll()) ids.push(...batch.map(({ id }) => id));
  return ids;
};

test("a copy into a database that dies at any step goes on where it stopped and ends equal", async () => {
  await fc.assert(
    fc.asyncProperty(ledgers, fc.array(fc.nat({ max: 60 }), { maxLength: 4 }), async (ledger, deaths) => {
      const [from, between, to] = [written(ledger), database(), scratchDirectory()];
      for (const turn of deaths) {
        let left = turn;
        let died = false;
        const dying = (): void => {
          left -= 1;
          if (left >= 0) return;
          died = true;
          throw Object.assign(new Error("the process died"), { code: "EKILLED" });
        };
        await copy(files(from), sqlite(between, dying)).catch((error: unknown) =>
          expect(died, String(error)).toBe(true),
        );
      }
      await copy(files(from), sqlite(between));
      await copy(sqlite(between), files(to));
      expect(logsIn(to)).toEqual(logsIn(from));
    }),
    { numRuns: 25 },
  );
});
