import { copyLedger } from "@mission-ledger/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { nodeFiles } from "../files/node-files.ts";
import { inspectStream } from "../index.ts";
import { dyingAt } from "../testing/dying-files.ts";
import { growLogs, logsIn, type RandomLedger, writeLogs } from "../testing/random-logs.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { fileTransfer } from "./file-transfer.ts";

const ledgers: fc.Arbitrary<RandomLedger> = fc
  .infiniteStream(fc.nat({ max: 1_000_000 }))
  .map((choices) => growLogs((below) => ((choices.next().value as number) ?? 0) % below));

const written = (ledger: RandomLedger): string => {
  const directory = scratchDirectory();
  writeLogs(directory, ledger);
  return directory;
};

const copy = async (from: string, to: string, files = nodeFiles) => {
  const [source, target] = [fileTransfer({ directory: from }), fileTransfer({ directory: to, files })];
  try {
    return await copyLedger({ from: source, to: target });
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
};

test("what is drawn are logs that nothing can be said against", () => {
  fc.assert(
    fc.property(ledgers, (ledger) => {
      const directory = written(ledger);
      for (const stream of ledger.logs.keys())
        expect(inspectStream({ directory, stream })).toMatchObject({ findings: [], brokenLinks: [] });
    }),
    { numRuns: 50 },
  );
});

test("a copied ledger has the same logs, byte for byte, and copying it again writes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(ledgers, async (ledger) => {
      const [from, to] = [written(ledger), scratchDirectory()];
      const report = await copy(from, to);
      expect(logsIn(to)).toEqual(logsIn(from));
      const again = await copy(from, to);
      expect(again).toMatchObject({
        equal: true,
        sum: report.sum,
        copied: { streams: 0, records: 0, events: 0 },
      });
    }),
    { numRuns: 50 },
  );
});

test("a copy that dies at any call goes on where it stopped and ends equal", async () => {
  await fc.assert(
    fc.asyncProperty(ledgers, fc.array(fc.nat({ max: 120 }), { maxLength: 4 }), async (ledger, deaths) => {
      const [from, to] = [written(ledger), scratchDirectory()];
      for (const turn of deaths) {
        const dying = dyingAt(turn);
        await copy(from, to, dying.files).catch((error: unknown) =>
          expect(dying.died, String(error)).toBe(true),
        );
      }
      await copy(from, to);
      expect(logsIn(to)).toEqual(logsIn(from));
    }),
    { numRuns: 60 },
  );
});
