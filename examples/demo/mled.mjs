/** The command line of mission-ledger, run as its users run it. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(import.meta.url);
const manifest = require.resolve("mission-ledger/package.json");
const bin = path.join(path.dirname(manifest), require(manifest).bin.mled);

/** @returns {Promise<{ code: number, stdout: string, stderr: string }>} */
export const mled = (...args) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, COLUMNS: String(process.stdout.columns ?? 110) },
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });

/** Runs a command with `--json` and answers what it printed. */
export const mledJson = async (...args) => {
  const { code, stdout, stderr } = await mled(...args, "--json");
  try {
    return { code, ...JSON.parse(stdout) };
  } catch {
    throw new Error(`mled ${args.join(" ")} printed no JSON (exit ${code}): ${stderr || stdout}`);
  }
};
