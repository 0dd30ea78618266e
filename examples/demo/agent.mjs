/**
 * One agent, in a process of its own: takes what is ready, works on it, hands it over; or reviews what others handed over.
 * It knows nothing but the ledger. What it was given a receipt for it reports to its parent, and nothing else.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { claims, ready, readyItems } from "@mission-ledger/core/mission";
import { LedgerError, openLedger } from "mission-ledger";
import { leaseMs, rejectedPackage, slug } from "./plan.mjs";

const [store, actor, role] = process.argv.slice(2);
const { engine: ledger } = await openLedger({ store, actor });
const mission = ledger.mission(slug);

/** Returns when the parent has it: an agent that dies later has still been heard. */
const tell = (news) => new Promise((resolve) => process.send({ actor, ...news }, () => resolve()));

/** Runs a command under an id of its own. Answers the receipt, or the refusal; anything else ends this agent. */
const run = async (request) => {
  try {
    const receipt = await mission.execute(request, { commandId: randomUUID() });
    const { commandId, eventIds, revision, readback } = receipt;
    return { receipt: { commandId, eventIds, revision, readback }, state: receipt.state };
  } catch (error) {
    if (!LedgerError.is(error) || error.outcome !== "not_written") throw error;
    return { refused: error.code, message: error.message, holder: error.details.holder };
  }
};

/** Runs a command and tells how it went. Answers whether it was done. */
const act = async (what, workPackageId, request, more = {}) => {
  const { receipt, refused, message, holder } = await run({ ...request, workPackageId });
  await tell({
    what: refused === undefined ? what : "refused",
    wanted: what,
    workPackageId,
    receipt,
    refused,
    message,
    holder,
    ...more,
  });
  return refused === undefined;
};

const claim = async (workPackageId, kind) => {
  const { receipt, state, refused, message, holder } = await run({
    type: "ClaimWorkPackage",
    workPackageId,
    kind,
    leaseMs,
  });
  if (refused !== undefined) {
    await tell({ what: "refused", wanted: "claim", workPackageId, refused, message, holder });
    return undefined;
  }
  const { fence } = state.workPackages[workPackageId].claim;
  await tell({ what: "claim", kind, workPackageId, receipt, fence });
  return {
    fence,
    subtasks: state.workPackages[workPackageId].subtasks,
    cycle: state.workPackages[workPackageId].reviewCycle,
  };
};

const pause = (milliseconds) => sleep(milliseconds * (0.7 + 0.6 * Math.random()));

const implement = async (workPackageId) => {
  const claimed = await claim(workPackageId, "implement");
  if (claimed === undefined) return;
  const { fence, subtasks } = claimed;
  if (!(await act("begin", workPackageId, { type: "MoveWorkPackage", to: "in_progress", fence }))) return;
  for (const { id, title, done } of subtasks) {
    await pause(160);
    if (done) continue;
    if (
      !(await act(
        "subtask",
        workPackageId,
        { type: "MarkSubtask", subtaskId: id, done: true, fence },
        { title },
      ))
    )
      return;
    if (!(await act("renew", workPackageId, { type: "RenewClaim", leaseMs, fence }))) return;
  }
  await pause(120);
  const evidence = [{ kind: "test", ref: `test/${workPackageId.toLowerCase()}.test.ts` }];
  if (
    !(await act("hand over", workPackageId, { type: "MoveWorkPackage", to: "for_review", evidence, fence }))
  )
    return;
  // Tempting, and refused: nobody reviews their own work.
  await act("review own work", workPackageId, { type: "ClaimWorkPackage", kind: "review", leaseMs });
};

const review = async (workPackageId) => {
  const claimed = await claim(workPackageId, "review");
  if (claimed === undefined) return;
  const { fence, cycle } = claimed;
  await pause(220);
  const reject = workPackageId === rejectedPackage && cycle === 1;
  const verdict = reject ? "changes_requested" : "approved";
  const notes = reject ? "A revoked token still opens a session." : "Read and tried.";
  if (
    !(await act(
      "verdict",
      workPackageId,
      { type: "SubmitReview", verdict, notes, fence },
      { verdict, notes },
    ))
  )
    return;
  if (!reject) await act("done", workPackageId, { type: "MoveWorkPackage", to: "done" });
};

/** A claim whose lease is over is not simply taken: somebody says so, and the ledger agrees or not. */
const recoverTheDead = async () => {
  const { view } = await mission.view(claims);
  for (const { workPackageId, holder, expiresAt } of Object.values(view.live)) {
    if (holder === actor || Date.now() < Date.parse(expiresAt)) continue;
    await act(
      "recover",
      workPackageId,
      { type: "RecoverClaim", reason: `${holder} does not answer` },
      { from: holder },
    );
  }
};

const isOver = (state) =>
  Object.values(state.workPackages).every(({ lane }) => lane === "done" || lane === "canceled");

await tell({ what: "ready" });
await new Promise((resolve) => process.once("message", resolve));
process.once("disconnect", () => process.exit(0));
for (;;) {
  const { view } = await mission.view(ready);
  if (isOver(view)) break;
  const next = readyItems(view).find(
    (item) => item.ready && item.kind === role && !item.notBy.includes(actor),
  );
  if (next === undefined) {
    if (role === "implement") await recoverTheDead();
    await pause(60);
  } else if (role === "implement") await implement(next.workPackageId);
  else await review(next.workPackageId);
}
await ledger.close();
await tell({ what: "leave" });
process.disconnect();
