/**
 * `node scripts/test-on-node.mjs 22 24`: the tests of core, git, rebuilds, the file store and the command line on other
 * versions of Node. Each is taken from npm (the package `node`); nothing on this machine is changed. Ends with one line: `N passed, N failed`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { root, run, throughNpm } from "./programs.mjs";
import { countsOf, readReport, summaryLine } from "./vitest-summary.mjs";

const tested = ["packages/core", "packages/git", "packages/rebuild", "packages/store-file", "packages/cli"];
/** What vitest.config.ts calls long is left to one version of Node. */
const projects = ["alone", "everyday", "together"];
const versions = process.argv.slice(2);
if (versions.length === 0) {
  console.error("Which versions? For example: node scripts/test-on-node.mjs 22 24");
  process.exit(2);
}

const scratch = mkdtempSync(path.join(tmpdir(), "mission-ledger-nodes-"));
const total = { passed: 0, failed: 0 };
try {
  for (const version of versions) {
    const asked = await run(throughNpm(`node@${version}`, ["node", "-p", "process.execPath"]), {
      capture: true,
    });
    const node = asked.output.trim().split("\n").at(-1) ?? "";
    const told = asked.code === 0 ? await run([node, "--version"], { capture: true }) : asked;
    const found = told.output.trim();
    if (told.code !== 0 || !found.startsWith(`v${version.split(".")[0]}.`)) {
      console.log(
        `Node ${version} could not be had from npm (exit code ${told.code}, ${found || "no answer"})`,
      );
      total.failed += 1;
      continue;
    }
    console.log(`\nNode ${found}: ${tested.join(", ")}`);
    const report = path.join(scratch, `${version}.json`);
    const { code } = await run(
      [
        node,
        path.join(root, "node_modules/vitest/vitest.mjs"),
        "run",
        "--reporter=dot",
        "--reporter=json",
        `--outputFile.json=${report}`,
        ...projects.map((name) => `--project=${name}`),
        ...tested,
      ],
      // Programs that tests start by name are to be of this version too. SQLite's binary was made for the Node that installed
      // the workspace: where it does not load, its tests are skipped, and say so.
      {
        env: {
          MISSION_LEDGER_FOREIGN_NODE: "1",
          PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ""}`,
        },
      },
    );
    const { passed, failed, skipped } = countsOf(readReport(report), code);
    console.log(`Node ${found}: ${summaryLine({ passed, failed, skipped })}`);
    total.passed += passed;
    total.failed += failed;
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
