/** What docs/how-to/move-between-stores.md says to type, typed, and compared with what it says comes of it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { answerPattern, consoleSteps, printedBy } from "./console-blocks.ts";

const repository = path.resolve(import.meta.dirname, "..");
const page = readFileSync(path.join(repository, "docs/how-to/move-between-stores.md"), "utf8");

const steps = consoleSteps(page);

let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), "mission-ledger-moves-"));
  await mled("init");
  for (const slug of ["passkeys", "billing"]) {
    await mled("mission", "create", slug, `About ${slug}`);
    for (const id of ["WP01", "WP02"]) await mled("wp", "add", slug, `Package ${id}`, "--id", id);
    for (const id of ["WP01", "WP02"])
      await mled("wp", "force", `${slug}/${id}`, "done", "--reason", "for the page");
    for (const text of ["a", "b", "c", "d"]) await mled("wp", "note", `${slug}/WP01`, text);
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const mled = (...argv: readonly string[]): Promise<string> =>
  printedBy(argv, { cwd: directory, env: { MISSION_LEDGER_ACTOR: "ada" } });

/** Words as a shell parts them, as far as the page needs it: double quotes, and one star in a file name. */
const wordsOf = (command: string): readonly string[] =>
  [...command.matchAll(/"([^"]*)"|(\S+)/g)].flatMap(([, quoted, bare = ""]) => {
    if (quoted !== undefined) return [quoted];
    if (!bare.includes("*")) return [bare];
    const [folder, ending = ""] = [path.dirname(bare), path.basename(bare).replace("*", "")];
    const files = readdirSync(path.join(directory, folder)).filter((name) => name.endsWith(ending));
    return files.map((name) => path.join(folder, name));
  });

test("what the page says to type answers what the page says", async () => {
  expect(steps.length).toBeGreaterThan(8);
  for (const { command, answer } of steps) {
    const [program, ...argv] = wordsOf(command);
    expect(program).toBe("mled");
    expect(await mled(...argv), command).toMatch(answerPattern(answer));
  }
});

test("the program on the page copies the ledger", () => {
  const program = path.join(repository, "test/workers/move-ledger.mjs");
  rmSync(path.join(directory, "plan.db"), { force: true });
  for (const name of ["plan.db-wal", "plan.db-shm"]) rmSync(path.join(directory, name), { force: true });
  const out = execFileSync(process.execPath, [program], { cwd: directory, encoding: "utf8" });
  expect(out).toMatch(/^\d+ events copied, \d+ on both sides\n$/);
});
