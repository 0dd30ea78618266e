import { execFile } from "node:child_process";
import { startWireServer } from "@mission-ledger/wire-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundled } from "./testing/bundled.ts";

let child: string;
const server = await startWireServer();

beforeAll(async () => {
  const program = await bundled("store-child");
  child = program.file;
  return program.remove;
});
afterAll(() => server.stop());

/** Runs it to its own end; whoever is still there after half a minute was kept alive by something. */
const run = (what: string): Promise<{ readonly code: unknown; readonly lines: readonly string[] }> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [child, `${server.url}&ledger=${what}`, what],
      { timeout: 120_000 },
      (error, stdout, stderr) =>
        resolve({
          code: error === null ? 0 : (error.signal ?? error.code ?? null),
          lines: `${stdout}${stderr}`.trim().split("\n"),
        }),
    );
  });

describe("a process with a ledger on a server", () => {
  test("ends by itself after commands and with a subscription open", async () => {
    expect(await run("work")).toEqual({
      code: 0,
      lines: ["receipt 0", "receipt 1", "receipt 1", "subscription ended"],
    });
  });

  test("ends by itself when it closes the ledger while commands wait for a server that keeps silent", async () => {
    server.strike({ at: "append", fault: { kind: "silence" }, times: 100 });
    const { code, lines } = await run("leave");
    server.calm();
    expect(code).toBe(0);
    expect(lines).toHaveLength(3);
    for (const line of lines.slice(0, 2)) expect(line).toMatch(/^STORE_CLOSED (?:unknown|not_written)$/);
    expect(lines[2]).toBe("subscription ended");
  });
});
