import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:net";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

/** A port that nobody listens on. */
const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

test("without a server it ends by itself, and says that nothing was written and what to look at", async () => {
  const store = `esdb://127.0.0.1:${await freePort()}?tls=false&ledger=nobody`;
  const ended = promisify(execFile)(process.execPath, [path.join(import.meta.dirname, "main.mjs")], {
    env: { ...process.env, MISSION_LEDGER_STORE: store },
    timeout: 120_000,
  });
  await assert.rejects(ended, ({ code, stderr }) => {
    assert.equal(code, 1);
    assert.match(stderr, /STORE_UNAVAILABLE \(not_written\)/);
    assert.match(stderr, /mled doctor/);
    return true;
  });
});
