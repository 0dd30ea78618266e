/** One of the ten that race: tries to claim whatever it is told to, and says how it went. */
import { LedgerError } from "@mission-ledger/core";
import { ledgerOver } from "@mission-ledger/core/mission";
import { stores } from "../stores/index.mjs";

const [storeName, place, actor] = process.argv.slice(2);
const ledger = ledgerOver({ store: await stores[storeName].open(place), actor });

process.on("message", async ({ slug, workPackageId, round }) => {
  try {
    const { eventIds, readback, state } = await ledger
      .mission(slug)
      .execute({ type: "ClaimWorkPackage", workPackageId, kind: "implement", leaseMs: 3_600_000 });
    const { claim } = state.workPackages[workPackageId];
    process.send({ round, actor, won: true, eventIds, readback, holder: claim.holder });
  } catch (error) {
    if (!LedgerError.is(error)) throw error;
    const { code, outcome, details } = error;
    process.send({
      round,
      actor,
      won: false,
      code,
      outcome,
      holder: details.holder,
      about: details.workPackageId,
    });
  }
});
process.on("disconnect", () => process.exit(0));
process.send({ ready: true });
