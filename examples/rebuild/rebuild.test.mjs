import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { board } from "@mission-ledger/core/mission";
import { fileSnapshots } from "@mission-ledger/store-file";
import { openLedger } from "mission-ledger";

const run = (program, directory) =>
  execFileSync(process.execPath, [path.join(import.meta.dirname, program), directory], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });

test("views are rebuilt on two threads, and one that is changed afterwards is found", async () => {
  const scratch = mkdtempSync(path.join(tmpdir(), "mission-ledger-rebuild-"));
  const directory = path.join(scratch, "plan");
  try {
    const ledger = await openLedger({ directory, actor: "ada" });
    for (const slug of ["one", "two", "three"]) {
      const mission = await ledger.createMission({ slug, title: slug });
      await mission.addWorkPackage({ id: "WP01", title: "Login form" });
    }
    await ledger.close();
    assert.match(run("rebuild.mjs", directory), /^3 missions, \d+ events, 0 damaged\n$/);
    assert.equal(run("verify.mjs", directory), "0 of 18 views differ\n");
    const snapshots = fileSnapshots({ directory });
    const key = { stream: "mission-two", name: board.name, version: board.version };
    const live = await snapshots.load(key);
    live.state.cards.WP01.lane = "done";
    await snapshots.save(key, live);
    assert.match(
      run("verify.mjs", directory),
      /^mission-two mission-board cards\.WP01\.lane: done, but planned by WorkPackageMoved at revision \d+\n1 of 18 views differ\n$/,
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
