/** The programs of `examples/eventstoredb` on a server: one works, one lets an account read the whole log. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { openEventStoreDb } from "@mission-ledger/store-eventstoredb";
import { makeCertificates } from "@mission-ledger/wire-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startWireProcess, type WireProcess } from "./esdb/wire-process.ts";

const example = path.resolve(import.meta.dirname, "../examples/eventstoredb");
const folder = mkdtempSync(path.join(tmpdir(), "mission-ledger-esdb-example-"));
const { ca, certificate, key } = makeCertificates();
const caFile = path.join(folder, "ca.crt");
let server: WireProcess;

/** The server's address as an account has it. */
const addressOf = (account: string, ledger = ""): string =>
  `${server.url.replace("esdb://", `esdb://${account}:secret@`)}&tlsCAFile=${caFile}${ledger}`;
const run = (program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  promisify(execFile)(process.execPath, [path.join(example, program), ...args], {
    env: { ...process.env, ...env },
    timeout: 120_000,
  });

beforeAll(async () => {
  writeFileSync(caFile, ca);
  server = await startWireProcess({
    tls: { certificate, key },
    accounts: { admin: { password: "secret" }, app: { password: "secret", may: ["append", "read"] } },
  });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("an account that may read and append works on missions, over TLS", async () => {
  const { stdout } = await run("main.mjs", [], { MISSION_LEDGER_STORE: addressOf("app", "&ledger=team") });
  expect(stdout).toMatch(/^passkeys-\w+: revision \d+, readback verified\n$/);
});

test("it may read the whole log once an administrator has let it, and not before", async () => {
  const look = async (): Promise<number> => {
    const store = await openEventStoreDb({ url: addressOf("app", "&ledger=team") });
    try {
      let events = 0;
      for await (const batch of store.readAll()) events += batch.length;
      return events;
    } finally {
      await store.close();
    }
  };
  await expect(look()).rejects.toMatchObject({ code: "PERMISSION_DENIED", outcome: "not_written" });
  const { stdout } = await run("grant-all.mjs", [addressOf("admin"), "app"]);
  expect(stdout).toBe("$all can be read by $admins, app\n");
  expect(await look()).toBeGreaterThan(2);
  const again = await run("grant-all.mjs", [addressOf("admin"), "app", "other"]);
  expect(again.stdout).toBe("$all can be read by $admins, app, other\n");
});
