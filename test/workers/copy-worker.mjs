/**
 * Copies one ledger to another: `copy-worker.mjs <from> <to> [dies at the n-th durable step]`. Says `begun` when it begins, and the
 * report with the most memory it ever held when it is done, each by one synchronous write.
 */
import { writeSync } from "node:fs";
import { copyLedger } from "@mission-ledger/core";
import { fileTransfer } from "@mission-ledger/store-file";
import { sqliteTransfer } from "@mission-ledger/store-sqlite";

const [from = "", to = "", dies = ""] = process.argv.slice(2);
let left = dies === "" ? Number.POSITIVE_INFINITY : Number(dies);
const failpoint = () => {
  left -= 1;
  if (left < 0) process.kill(process.pid, "SIGKILL");
};
const sideOf = (address, options = {}) =>
  address.startsWith("sqlite:")
    ? sqliteTransfer({ path: address.slice("sqlite:".length), ...options })
    : fileTransfer({ directory: address.slice("file:".length), ...options });

const source = sideOf(from);
const target = sideOf(to, { failpoint });
writeSync(1, '"begun"\n');
const { streams: _, ...report } = await copyLedger({ from: source, to: target });
await Promise.all([source.close(), target.close()]);
writeSync(1, `${JSON.stringify({ ...report, megabytes: process.resourceUsage().maxRSS / 1_024 })}\n`);
