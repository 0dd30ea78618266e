/** Many gateways in one process, as a program has that serves many ledgers. */
import { startWireServer } from "@mission-ledger/wire-server";
import { expect, test } from "vitest";
import { openGateway } from "./open-gateway.ts";

test("thirty gateways to one server make Node warn of nothing", async () => {
  const server = await startWireServer();
  const warnings: string[] = [];
  const note = (warning: Error): number => warnings.push(warning.message);
  process.on("warning", note);
  try {
    const gateways = await Promise.all(Array.from({ length: 30 }, () => openGateway({ url: server.url })));
    for (const gateway of gateways)
      expect(
        await gateway.readRange({ stream: "none", from: "start", direction: "forwards", maxCount: 1 }),
      ).toEqual({ _tag: "Missing" });
    for (const gateway of gateways) await gateway.close();
    // Warnings are told in a turn of their own.
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  } finally {
    process.off("warning", note);
    await server.stop();
  }
});
