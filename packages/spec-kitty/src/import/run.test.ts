import { openMemoryStore } from "@mission-ledger/core";
import { type Ledger, ledgerOver } from "@mission-ledger/core/mission";
import { describe, expect, test } from "vitest";
import { utf8Bytes } from "../bytes.ts";
import { exportStatusLog } from "../export/export.ts";
import { killedAfter } from "../testing/interrupted.ts";
import { annotationRow, logOf, transitionRow } from "../testing/rows.ts";
import { planImport } from "./plan.ts";
import { ImportMismatch, runImport } from "./run.ts";

const openLedger = (): Ledger => ledgerOver({ store: openMemoryStore(), actor: "otter" });
const planOf = (log: string) => planImport({ folderName: "build-a-raft", log: utf8Bytes(log) });
const log = logOf(
  transitionRow(1, "WP01", "genesis", "planned"),
  transitionRow(2, "WP01", "planned", "done", { force: true, reason: "x".repeat(200_000) }),
  annotationRow(3, "WP02", { note: "hello" }),
);

describe("running an import", () => {
  test("leaves the ledger in the reduced lanes, open for ordinary commands", async () => {
    const ledger = openLedger();
    const outcome = await runImport(ledger, planOf(log));
    expect(outcome).toMatchObject({
      repeated: 0,
      workPackages: { WP01: { lane: "done", forceCount: 1 }, WP02: { lane: "uninitialized", forceCount: 0 } },
    });
    expect(await ledger.mission("build-a-raft").state()).toMatchObject({
      importing: false,
      workPackages: { WP01: { lane: "done", forceCount: 1 }, WP02: { lane: "genesis" } },
    });
    await ledger
      .mission("build-a-raft")
      .execute({ type: "MoveWorkPackage", workPackageId: "WP02", to: "planned" });
  });

  test("again writes nothing, even after the mission went on", async () => {
    const ledger = openLedger();
    const plan = planOf(log);
    await runImport(ledger, plan);
    await ledger
      .mission("build-a-raft")
      .execute({ type: "MoveWorkPackage", workPackageId: "WP02", to: "planned" });
    expect(await runImport(ledger, plan)).toMatchObject({ written: 0, repeated: plan.commands.length });
  });

  test("after an interruption anywhere goes on where it stopped", async () => {
    const plan = planOf(log);
    expect(plan.commands.length).toBeGreaterThan(5);
    for (let survived = 0; survived < plan.commands.length; survived += 1) {
      const ledger = openLedger();
      await expect(runImport(killedAfter(ledger, survived), plan)).rejects.toThrow("killed");
      expect(await runImport(ledger, plan)).toMatchObject({
        repeated: survived,
        written: plan.commands.length - survived,
      });
      const exported = await exportStatusLog(ledger.mission("build-a-raft").history());
      expect(Buffer.from(exported).equals(utf8Bytes(log))).toBe(true);
    }
  });

  test("stops between two commands when it is aborted", async () => {
    const stop = new AbortController();
    stop.abort(new Error("enough"));
    await expect(runImport(openLedger(), planOf(log), { signal: stop.signal })).rejects.toThrow("enough");
  });

  test("of a changed log under the same slug is refused, finished or not", async () => {
    const plan = planOf(log);
    for (const survived of [1, plan.commands.length]) {
      const ledger = openLedger();
      await runImport(killedAfter(ledger, survived), plan).catch(() => {});
      await expect(runImport(ledger, planOf(`${log}\n`))).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    }
  });

  test("of an empty log is a mission without packages", async () => {
    const ledger = openLedger();
    expect(await runImport(ledger, planOf(""))).toMatchObject({ rows: 0, workPackages: {} });
    expect(await exportStatusLog(ledger.mission("build-a-raft").history())).toEqual(new Uint8Array());
  });

  test("a lane without counterpart leaves the package where it was", async () => {
    const rows = logOf(
      transitionRow(1, "WP01", "genesis", "planned"),
      transitionRow(2, "WP01", "planned", "uninitialized", { force: true }),
    );
    const ledger = openLedger();
    expect(await runImport(ledger, planOf(rows))).toMatchObject({
      workPackages: { WP01: { lane: "uninitialized", forceCount: 1 } },
      findings: { lane_without_counterpart: 1 },
    });
    expect(await ledger.mission("build-a-raft").state()).toMatchObject({
      workPackages: { WP01: { lane: "planned", forceCount: 1 } },
    });
  });

  test("fails loudly when ledger and reducer disagree", async () => {
    const plan = planOf(log);
    const wrong = {
      ...plan,
      report: {
        ...plan.report,
        workPackages: {
          WP01: { lane: "planned", forceCount: 0, lastEventId: null },
          WP09: { lane: "done", forceCount: 0, lastEventId: null },
        },
      },
    };
    const failure = await runImport(openLedger(), wrong).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ImportMismatch);
    expect(failure).toMatchObject({
      code: "IMPORT_MISMATCH",
      mismatches: [
        {
          workPackageId: "WP01",
          expected: { lane: "planned", forceCount: 0 },
          actual: { lane: "done", forceCount: 1 },
        },
        { workPackageId: "WP09", actual: null },
      ],
    });
  });
});
