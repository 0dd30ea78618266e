import { replicate } from "@mission-ledger/core";
import { openEventStoreDb } from "@mission-ledger/store-eventstoredb";
import { openFileStore } from "@mission-ledger/store-file";

const from = await openFileStore({ directory: ".mission-ledger" });
const to = await openEventStoreDb({ url: process.env.LEDGER_SERVER });
try {
  const report = await replicate(from, to, { categories: ["mission"], withinMs: 60_000 });
  console.log(`${report.events} events brought, ${report.complete ? "all" : "not all"} missions equal`);
  for (const { code, message, count } of report.warnings) console.error(code, message, count);
} finally {
  await Promise.all([from.close(), to.close()]);
}
