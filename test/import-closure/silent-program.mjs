/** Uses the library for good and for ill, and reports through a file. Its standard output and error have to stay empty. */
import { writeFileSync } from "node:fs";
import { LedgerError, openLedger } from "mission-ledger";

const { engine: ledger } = await openLedger({ directory: process.env.LEDGER, actor: "ada" });
const mission = ledger.mission("quiet");
await mission.execute({
  type: "CreateMission",
  slug: "quiet",
  title: "Say nothing",
  missionId: "quiet",
  dependencyMetAt: "approved",
});
await mission.execute({
  type: "AddWorkPackages",
  workPackages: [
    { workPackageId: "WP01", title: "Work", dependsOn: [], owns: [], subtasks: [], executionLane: null },
  ],
});
const claim = { type: "ClaimWorkPackage", workPackageId: "WP01", kind: "implement", leaseMs: 60_000 };
const { readback } = await mission.execute(claim);
let code;
try {
  await mission.execute(claim, { actor: "bob" });
} catch (error) {
  if (!LedgerError.is(error)) throw error;
  code = error.code;
}
await ledger.close();
writeFileSync(process.env.OUTCOME, JSON.stringify({ readback, code }));
