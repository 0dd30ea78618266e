import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

test("the past is shown, compared and explained, and a claim is taken back", () => {
  const scratch = mkdtempSync(path.join(tmpdir(), "mission-ledger-past-"));
  try {
    const program = path.join(import.meta.dirname, "past.mjs");
    // In a git work tree the claim would say which one it is.
    const output = execFileSync(process.execPath, [program, "plan"], { cwd: scratch, encoding: "utf8" });
    const [claim] = /since then: WP01 claim is .*\n/.exec(output) ?? [""];
    assert.match(claim, /"holder":"agent:ada"/);
    assert.equal(
      output.replace(claim, ""),
      [
        "WP01 was planned",
        'since then: WP01 lane is "claimed"',
        "since then: WP01 fence is 1",
        'since then: WP01 implementers.0 is "agent:ada"',
        "WorkPackageAdded: undefined > genesis",
        "WorkPackageMoved: genesis > planned",
        "WorkPackageMoved: planned > claimed",
        "undid true, readback verified",
        "what exists is never made not to have been",
        "",
      ].join("\n"),
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
