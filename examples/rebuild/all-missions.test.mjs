import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileViews } from "@mission-ledger/store-file";
import { openLedger } from "mission-ledger";

const run = (directory) =>
  execFileSync(process.execPath, [path.join(import.meta.dirname, "all-missions.mjs"), directory], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });

test("a view of all missions is kept, followed and compared with the log", async () => {
  const scratch = mkdtempSync(path.join(tmpdir(), "mission-ledger-lanes-"));
  const directory = path.join(scratch, "plan");
  try {
    const ledger = await openLedger({ directory, actor: "ada" });
    for (const slug of ["one", "two"]) {
      const mission = await ledger.createMission({ slug, title: slug });
      await mission.addWorkPackage({ id: "WP01", title: "Login form" });
    }
    await ledger.close();
    assert.match(run(directory), /^\{"planned":2\} after \d+ events\nEqual\n$/);
    const views = fileViews({ directory });
    const stored = await views.load("acme-lanes", 1);
    await views.save("acme-lanes", 1, { ...stored, view: { planned: 7 } });
    assert.match(
      run(directory),
      /^\{"planned":7\} after \d+ events\nDiffers\nplanned is 7, but 2 by WorkPackageMoved of mission-two\n$/,
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
