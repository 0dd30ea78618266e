import { expect, test } from "vitest";
import { openLedger, ShipBlocked } from "../index.ts";
import { clone, cloneEnvironment, forceTo } from "../testing/clones.ts";

test("a program checks reviews, answers for a rejection and ships, with the same blockers as the command line", async () => {
  const at = await clone();
  await forceTo(at, "done");
  const ledger = await openLedger({ actor: "ops", cwd: at.folder });
  const mission = ledger.mission("p");
  const report = await mission.checkReviews();
  expect(report).toMatchObject({ ok: false, packages: [{ workPackageId: "WP01", verdict: "no_review" }] });
  expect(report.packages[0]?.contradictions[0]?.command).toBe('mled override p/WP01 --reason "…"');

  const blocked = await mission.ship({ env: cloneEnvironment }).catch((error: unknown) => error);
  expect(blocked).toBeInstanceOf(ShipBlocked);
  expect(blocked).toMatchObject({
    code: "REVIEW_CONTRADICTED",
    outcome: "not_written",
    details: { mission: "p", workPackageId: "WP01", blockers: [{ kind: "review" }] },
  });

  await mission.workPackage("WP01").override({ reason: "seen by two of us" });
  const receipt = await mission.ship({ env: cloneEnvironment });
  expect(receipt).toMatchObject({
    readback: "verified",
    events: [{ type: "MissionShipped", targetBranch: "main" }],
  });
  await expect(mission.workPackage("WP01").override({ reason: "again" })).resolves.toMatchObject({
    events: [],
  });
  await expect(mission.workPackage("WP09").override({ reason: "r" })).rejects.toMatchObject({
    code: "NOT_FOUND",
  });
  await ledger.close();
});
