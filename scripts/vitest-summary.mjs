/** What came of a vitest run, from its JSON report. */
import { readFileSync } from "node:fs";

/** A report, or `undefined` when the run ended before it wrote one. */
export const readReport = (file) => {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
};

/**
 * @param report vitest's JSON report; `undefined` when there is none
 * @param {number} code vitest's exit code
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
export const countsOf = (report, code) => {
  if (report === undefined) return { passed: 0, failed: 1, skipped: 0 };
  // A file that does not load has no tests that could fail.
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((assertion) => assertion.status === "failed"),
  ).length;
  const failed = report.numFailedTests + unloaded;
  return {
    passed: report.numPassedTests,
    // Errors outside of any test fail the run without failing a test.
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
};

/** `N passed, N failed`, with `, N skipped` when something was skipped. */
export const summaryLine = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
