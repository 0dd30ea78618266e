/** What docs/how-to/run-on-eventstoredb.md says to type, typed against the wire server, and compared with what it says comes of it. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { answerPattern, consoleSteps, printedBy } from "./console-blocks.ts";
import { startWireProcess, type WireProcess } from "./esdb/wire-process.ts";

const repository = path.resolve(import.meta.dirname, "..");
const page = readFileSync(path.join(repository, "docs/how-to/run-on-eventstoredb.md"), "utf8");
const findings = readFileSync(
  path.join(repository, "packages/store-eventstoredb/src/diagnose/findings.ts"),
  "utf8",
);

let server: WireProcess;
let cwd: string;
beforeAll(async () => {
  cwd = mkdtempSync(path.join(tmpdir(), "mission-ledger-on-a-server-"));
  server = await startWireProcess();
});
afterAll(async () => {
  await server.stop();
  rmSync(cwd, { recursive: true, force: true });
});

const steps = consoleSteps(page);

const mled = (argv: readonly string[], env: Readonly<Record<string, string>>): Promise<string> =>
  printedBy(argv, { cwd, env: { ...env, MISSION_LEDGER_ACTOR: "ada" } });

/** Words as a shell parts them, as far as the page needs it: quotes, and a variable. */
const wordsOf = (command: string, env: Readonly<Record<string, string>>): readonly string[] =>
  [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare = ""]) =>
    (quoted ?? bare).replace(/\$(\w+)/g, (_, name: string) => env[name] ?? ""),
  );

test("what the page says to type answers what the page says", async () => {
  expect(steps.length).toBeGreaterThan(5);
  const env: Record<string, string> = {};
  for (const { command, answer } of steps) {
    const set = /^export (\w+)='([^']*)'$/.exec(command);
    if (set !== null) {
      const [, name = "", value = ""] = set;
      env[name] = value.replace("127.0.0.1:2113", String(/127\.0\.0\.1:\d+/.exec(server.url)?.[0]));
      continue;
    }
    const [program, ...argv] = wordsOf(command, env);
    expect(program).toBe("mled");
    expect(await mled(argv, env), command).toMatch(answerPattern(answer));
  }
});

test("every failure on the page is in the very words of doctor", () => {
  const rows = [...page.matchAll(/^\| ([^|]*\.) +\| /gm)].map(([, said = ""]) => said.trim());
  expect(rows.length).toBeGreaterThan(12);
  expect(rows.filter((said) => !findings.includes(`"${said}"`))).toEqual([]);
});
