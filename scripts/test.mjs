/**
 * Runs every test of the workspace but those that `--long` runs alone: storms and tables (vitest.config.ts tells which they
 * are). Other arguments go on to vitest, and then all tests are to be had. Ends with one line: `N passed, N failed`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "./programs.mjs";
import { countsOf, readReport, summaryLine } from "./vitest-summary.mjs";

const given = process.argv.slice(2);
const inProjects = (...names) => names.map((name) => `--project=${name}`);
const isLong = given[0] === "--long";
const chosen = isLong ? [...inProjects("storms", "tables"), ...given.slice(1)] : given;
const everyday = inProjects("alone", "everyday", "slow", "together");

const scratch = mkdtempSync(path.join(tmpdir(), "mission-ledger-tests-"));
const report = path.join(scratch, "report.json");
try {
  const { code } = await run([
    process.execPath,
    "node_modules/vitest/vitest.mjs",
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...(chosen.length === 0 ? everyday : chosen),
  ]);
  console.log(summaryLine(countsOf(readReport(report), code)));
  process.exitCode = code;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
