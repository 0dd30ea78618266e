/** What a real server answered on the wire, request by request, against ours. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startWireServer } from "./index.ts";

const script = resolve(import.meta.dirname, "../../../../shared/corpus/eventstoredb/wire-cases.mjs");
const stubs = resolve(import.meta.dirname, "..");
const run = promisify(execFile);

if (existsSync(script)) {
  test("answers every recorded request as the real server did", async () => {
    const server = await startWireServer();
    try {
      const { stdout } = await run(process.execPath, [
        script,
        `127.0.0.1:${server.port}`,
        "--from",
        stubs,
      ]).catch((failure: { readonly stdout: string }) => failure);
      expect(stdout.trim()).toMatch(/^\d+ answered as the real server, 0 differ$/);
    } finally {
      await server.stop();
    }
  });
} else {
  console.warn(`skipped: ${script} is not here`);
  test.skip("answers every recorded request as the real server did", () => {});
}
