import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";

const scratch = mkdtempSync(path.join(tmpdir(), "mission-ledger-embed-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const acme = (...args) => {
  const program = path.join(import.meta.dirname, "acme.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: scratch,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
};

describe("a host program", () => {
  test("keeps its own commands", () => {
    assert.deepEqual(acme("hello"), { status: 0, stdout: "hello from acme\n", stderr: "" });
  });

  test("runs ours on its own ledger, under its own names", () => {
    assert.equal(acme("mission", "mission", "create", "hello", "Hello").status, 0);
    assert.equal(acme("mission", "task", "add", "hello", "A first package", "--id", "WP01").status, 0);
    const claimed = acme("mission", "task", "claim", "hello/WP01", "--json");
    assert.equal(claimed.status, 0, claimed.stderr);
    const envelope = JSON.parse(claimed.stdout);
    assert.equal(envelope.ok, true);
    assert.equal(envelope.command, "wp.claim");
    assert.match(acme("mission", "board", "hello").stdout, /WP01/);
  });

  test("leaves with our exit code, and hints in the host's words", () => {
    const missing = acme("mission", "task", "show", "hello/WP99");
    assert.equal(missing.status, 3);
    const held = acme("mission", "task", "claim", "hello/WP01", "--as", "somebody else");
    assert.equal(held.status, 5);
    assert.match(held.stderr, /CLAIM_HELD/);
    assert.doesNotMatch(held.stderr, /\bmled\b/);
  });

  test("has only the commands it asked for", () => {
    const refused = acme("mission", "import", "spec-kitty", ".");
    assert.notEqual(refused.status, 0);
  });
});
