/**
 * Runs the tests of the EventStoreDB store on servers; arguments go on to vitest, and file names of `test/esdb` choose among them. With `MISSION_LEDGER_TEST_ESDB` set to an address,
 * on that server and no other. Ends with one line, `N passed, N failed`, within ten minutes: what is not done then has failed.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { installed, root, run } from "./programs.mjs";
import { countsOf, readReport, summaryLine } from "./vitest-summary.mjs";

/** Milliseconds: ten minutes less what building, knocking and ending take. */
const mostMs = 510_000;

const scratch = mkdtempSync(path.join(tmpdir(), "mission-ledger-esdb-"));
const report = path.join(scratch, "report.json");
const named = process.env.MISSION_LEDGER_TEST_ESDB?.trim() ?? "";
const runName = `mltest${Date.now().toString(36)}${randomBytes(3).toString("hex")}`;

if (named !== "") console.log(`esdb: everything is written under names that begin with ${runName}`);

/** Ends when the tests do, or when time is up with all that they started. Answers the exit code; 124 when time was up. */
const runTests = ([file, ...args]) =>
  new Promise((resolve) => {
    // A group of its own, so that the processes that tests start can be ended with them.
    const child = spawn(file, args, {
      cwd: root,
      env: {
        ...process.env,
        MISSION_LEDGER_TEST_ESDB_RUN: runName,
        ...(named === "" ? {} : { MISSION_LEDGER_TEST_ESDB_ONLY: "1" }),
      },
      stdio: ["ignore", "inherit", "inherit"],
      detached: process.platform !== "win32",
    });
    const end = (signal) => {
      try {
        process.kill(process.platform === "win32" ? child.pid : -child.pid, signal);
      } catch {
        // Gone already.
      }
    };
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      end("SIGKILL");
    }, mostMs);
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => end(signal));
    child.once("error", () => resolve(127));
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve(isLate ? 124 : (code ?? 1));
    });
  });

/** Answers the exit code of asking whether the server that is named takes anything at all. */
const knock = async () => {
  if (named === "") return 0;
  const { code } = await run([process.execPath, "test/esdb/workers/knock.mjs", named, `${runName}knock`]);
  return code;
};

try {
  const args = process.argv.slice(2);
  const tests = installed(
    "vitest/vitest.mjs",
    "run",
    ...(args.some((arg) => arg.startsWith("test/esdb/")) ? [] : ["test/esdb/"]),
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...args,
  );
  const code = (await knock()) || (await runTests(tests));
  if (code === 124) console.error(`esdb: ended after ${mostMs / 1000} s; what was under way then has failed`);
  console.log(summaryLine(countsOf(readReport(report), code)));
  process.exitCode = code;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
