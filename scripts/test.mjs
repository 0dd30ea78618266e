/** Runs every test of the workspace; arguments go on to vitest. Ends with one line: `N passed, N failed`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "./programs.mjs";
import { countsOf, readReport, summaryLine } from "./vitest-summary.mjs";

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
    ...process.argv.slice(2),
  ]);
  console.log(summaryLine(countsOf(readReport(report), code)));
  process.exitCode = code;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
