/** A process with a clock of its own: `clock-worker.mjs <directory> <name> <count> <offset in ms | system>`. Prints one line per receipt. */
import { ledgerOver } from "@mission-ledger/core/mission";
import { openFileStore } from "@mission-ledger/store-file";

const [directory, name, count, offset] = process.argv.slice(2);
const clock = offset === "system" ? { now: () => Date.now() } : { now: () => Date.now() + Number(offset) };
const ledger = ledgerOver({
  store: await openFileStore({ directory, clock, lockTimeoutMs: 60_000 }),
  clock,
  actor: name,
});
for (let index = 0; index < Number(count); index += 1) {
  const request = { type: "AddNote", workPackageId: "WP01", text: `${name} ${index}` };
  const { commandId, revision, position } = await ledger
    .mission("m1")
    .execute(request, { commandId: `${name}-${index}` });
  process.stdout.write(`${JSON.stringify({ commandId, revision, position, now: clock.now() })}\n`);
}
await ledger.close();
