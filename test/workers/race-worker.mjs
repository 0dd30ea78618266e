/** One of those that race: tries to claim whatever it is told to, and says how it went. */
import { LedgerError } from "@mission-ledger/core";
import { ledgerOver } from "@mission-ledger/core/mission";
import { storeNamed } from "../stores/index.mjs";
import { persist } from "./persist.mjs";

const [storeName, place, actor] = process.argv.slice(2);
const { answer: store } = await persist(() => storeNamed(storeName).open(place));
const ledger = ledgerOver({ store, actor });

process.on("message", async ({ slug, workPackageId, round }) => {
  const request = { type: "ClaimWorkPackage", workPackageId, kind: "implement", leaseMs: 3_600_000 };
  try {
    const { answer, setbacks } = await persist((commandId) =>
      ledger.mission(slug).execute(request, commandId === undefined ? {} : { commandId }),
    );
    const { eventIds, readback, state } = answer;
    const { claim } = state.workPackages[workPackageId];
    process.send({ round, actor, won: true, eventIds, readback, holder: claim.holder, setbacks });
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
