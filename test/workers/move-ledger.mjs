import { copyLedger } from "@mission-ledger/core";
import { fileTransfer } from "@mission-ledger/store-file";
import { sqliteTransfer } from "@mission-ledger/store-sqlite";

const from = fileTransfer({ directory: ".mission-ledger" });
const to = sqliteTransfer({ path: "plan.db" });
try {
  const report = await copyLedger({ from, to, signal: AbortSignal.timeout(600_000) });
  console.log(`${report.copied.events} events copied, ${report.events} on both sides`);
} finally {
  await Promise.all([from.close(), to.close()]);
}
