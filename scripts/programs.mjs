/** Starting programs: no shell, no standard input, exit codes kept. */
import { spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

const onWindows = process.platform === "win32";

/** The script that npm itself runs, so that no shell has to find `npm` or `npm.cmd`. */
const npmScript = process.env.npm_execpath?.endsWith("npm-cli.js") ? process.env.npm_execpath : undefined;

/** How to start npm. */
export const npm = (...args) =>
  npmScript === undefined ? [onWindows ? "npm.cmd" : "npm", ...args] : [process.execPath, npmScript, ...args];

/** How to start one program of one package that need not be installed. */
export const throughNpm = (packageSpec, command) =>
  npm("exec", "--yes", `--package=${packageSpec}`, "--", ...command);

/** How to start a program that the workspace has installed: the script behind a package's bin. */
export const installed = (script, ...args) => [
  process.execPath,
  path.join(root, "node_modules", script),
  ...args,
];

/**
 * Runs a program to its end.
 *
 * @param {readonly string[]} command program and arguments
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, capture?: boolean | "all" }} options with `capture`,
 *   standard output is collected instead of shown and standard error is dropped; with "all", both are collected
 * @returns {Promise<{ code: number, output: string }>} 127 when the program could not be started
 */
export const run = ([file, ...args], { cwd = root, env = {}, capture = false } = {}) =>
  new Promise((resolve) => {
    const stderr = capture === "all" ? "pipe" : capture ? "ignore" : "inherit";
    const child = spawn(file, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", capture ? "pipe" : "inherit", stderr],
      shell: onWindows && file.endsWith(".cmd"),
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    child.once("error", (error) => resolve({ code: 127, output: `${output}${error.message}\n` }));
    child.once("close", (code, signal) => resolve({ code: code ?? (signal === "SIGINT" ? 130 : 1), output }));
  });
