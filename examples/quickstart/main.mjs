import { LedgerError, openLedger } from "mission-ledger";

const ledger = await openLedger({ directory: process.argv[2] ?? "plan", actor: "agent:ada" });
const mission = await ledger.createMission({ slug: "passkeys", title: "Log in with passkeys" });
const form = await mission.addWorkPackage({ id: "WP01", title: "Login form", owns: ["src/login/**"] });
const claim = await form.claim({ leaseFor: "2m" }); // one winner; renews itself while it is open
const late = await form.claim({ actor: "agent:bob" }).catch((error) => error);
if (LedgerError.is(late, "CLAIM_HELD")) console.log(`bob is told: ${late.details.holder} was first`);
await form.move("in_progress", { claim });
const receipt = await form.move("for_review", { claim, evidence: { test: "npm test" } });
console.log(`revision ${receipt.revision}, readback ${receipt.readback}`); // appended, flushed, read back, equal
await ledger.close();
