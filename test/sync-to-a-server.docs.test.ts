/** What docs/how-to/sync-to-a-server.md says to type, typed, and compared with what it says comes of it. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { startWireServer, type WireServer } from "@mission-ledger/wire-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { answerPattern, consoleSteps, printedBy } from "./console-blocks.ts";

const repository = path.resolve(import.meta.dirname, "..");
const page = readFileSync(path.join(repository, "docs/how-to/sync-to-a-server.md"), "utf8");

const steps = consoleSteps(page);

let directory: string;
let server: WireServer;
beforeAll(async () => {
  server = await startWireServer();
  directory = mkdtempSync(path.join(tmpdir(), "mission-ledger-syncs-"));
  await mled("init");
  for (const slug of ["passkeys", "billing"]) {
    await mled("mission", "create", slug, `About ${slug}`);
    await mled("wp", "add", slug, "A package", "--id", "WP01");
    for (const text of ["a", "b", "c"]) await mled("wp", "note", `${slug}/WP01`, text);
  }
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

const mled = (...argv: readonly string[]): Promise<string> =>
  printedBy(argv, { cwd: directory, env: { MISSION_LEDGER_ACTOR: "ada", MISSION_LEDGER_SYNC_WITHIN: "1m" } });

/** Words as a shell parts them, as far as the page needs it; with the server that is there. */
const wordsOf = (command: string): readonly string[] =>
  [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare = ""]) =>
    (quoted ?? bare).replace("esdb://127.0.0.1:2113?tls=false", server.url),
  );

test("what the page says to type answers what the page says", async () => {
  expect(steps.length).toBeGreaterThan(4);
  for (const { command, answer } of steps) {
    const [program, ...argv] = wordsOf(command);
    expect(program).toBe("mled");
    expect(await mled(...argv), command).toMatch(answerPattern(answer));
  }
});

test("a document says what the page says of it", async () => {
  const [, shown = "{}"] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  const printed = await mled(
    ...["wp", "note", "passkeys/WP01", "again", "--json"],
    ...["--sync-to", "esdb://127.0.0.1:1?tls=false"],
  );
  const document = JSON.parse(printed);
  expect(document).toMatchObject({ ok: true, data: { readback: "verified" }, sync: JSON.parse(shown) });
});

test("the program on the page brings the ledger", async () => {
  const program = path.join(repository, "test/workers/bring-ledger.mjs");
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], {
    cwd: directory,
    env: { ...process.env, LEDGER_SERVER: server.url },
  });
  expect([stdout, stderr]).toEqual([expect.stringMatching(/^\d+ events brought, all missions equal\n$/), ""]);
});
