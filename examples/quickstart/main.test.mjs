import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

test("the late claim is told who was first, and the hand-over gets its receipt", () => {
  const scratch = mkdtempSync(path.join(tmpdir(), "mission-ledger-quickstart-"));
  try {
    const program = path.join(import.meta.dirname, "main.mjs");
    const output = execFileSync(process.execPath, [program, path.join(scratch, "plan")], {
      encoding: "utf8",
    });
    assert.equal(output, "bob is told: agent:ada was first\nrevision 9, readback verified\n");
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
