import { LedgerError, openLedger } from "mission-ledger";

const ledger = await openLedger({ directory: process.argv[2] ?? "plan", actor: "agent:ada" });
const mission = await ledger.createMission({ slug: "passkeys", title: "Log in with passkeys" });
const form = await mission.addWorkPackage({ id: "WP01", title: "Login form" });
const claim = await form.claim({ renew: false });
const passkeys = ledger.engine.mission("passkeys"); // views, events and the past

const then = await passkeys.stateAt({ revision: 2 }); // or { position }, or { date: "2026-11-20T14:00:00Z" }
console.log(`WP01 was ${then.workPackages.WP01.lane}`);

for (const { workPackageId, path, after } of await passkeys.diff(2))
  console.log(`since then: ${workPackageId} ${path.join(".")} is ${JSON.stringify(after)}`);

for await (const { event, before, after } of passkeys.explain(["lane"], { workPackageId: "WP01" }))
  console.log(`${event.type}: ${before} > ${after}`);

const { commandId } = claim.receipt; // undone is the command behind any of its events
const undone = await mission.undo({ eventId: claim.receipt.eventIds[0] }, { reason: "wrong package" });
console.log(`undid ${undone.events.at(-1).undoneCommand === commandId}, readback ${undone.readback}`);

const late = await mission.undo({ revision: 0 }, { reason: "no" }).catch((error) => error);
if (LedgerError.is(late, "CANNOT_UNDO")) console.log(late.details.invariant);
await ledger.close();
