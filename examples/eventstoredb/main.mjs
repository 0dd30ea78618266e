import { setTimeout as pause } from "node:timers/promises";
import { LedgerError, openLedger } from "mission-ledger";

const store = process.env.MISSION_LEDGER_STORE ?? "esdb://127.0.0.1:2113?tls=false&ledger=team";
const ledger = await openLedger({ store, actor: "agent:ada" });

/** The same command id for every try: however often it is sent, it runs once, and the receipt says so. */
const surely = async (run) => {
  const commandId = crypto.randomUUID();
  for (let tries = 1; ; tries += 1)
    try {
      return await run(commandId);
    } catch (error) {
      if (!LedgerError.is(error) || !error.retryable || tries === 8) throw error;
      console.error(`${error.code} (${error.outcome}): ${error.hint}`);
      await pause(250 * tries);
    }
};

try {
  const slug = `passkeys-${Date.now().toString(36)}`;
  const mission = await surely((commandId) =>
    ledger.createMission({ slug, title: "Log in with passkeys", commandId }),
  );
  const form = await surely((commandId) =>
    mission.addWorkPackage({ id: "WP01", title: "Login form", commandId }),
  );
  const receipt = await surely((commandId) => form.note("seen by everybody", { commandId }));
  console.log(`${slug}: revision ${receipt.revision}, readback ${receipt.readback}`);
} catch (error) {
  if (!LedgerError.is(error)) throw error;
  console.error(`${error.code} (${error.outcome}): ${error.message}\n${error.hint}`);
  process.exitCode = 1;
} finally {
  await ledger.close();
}
