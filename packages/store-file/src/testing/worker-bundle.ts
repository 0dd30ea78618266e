/** The worker as a program: bundled into the package, so that it finds the addon. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));

export interface WorkerOptions {
  readonly directory: string;
  readonly name: string;
  /** @defaultValue 1 */
  readonly commands?: number;
  /** A failpoint; see the worker. @defaultValue none */
  readonly ending?: string;
  /** @defaultValue "auto" */
  readonly lock?: string;
  /** A program that starts it. @defaultValue none */
  readonly wrapper?: readonly string[];
}

export interface WorkerRun {
  /** Command ids that it got receipts for. */
  readonly acknowledged: readonly string[];
  readonly signal: string | null;
}

export interface Worker {
  /** Runs one to its end. */
  run(options: WorkerOptions): Promise<WorkerRun>;
  /** Runs one to its end while nothing else happens in this process. */
  runSync(options: WorkerOptions): readonly string[];
  /** Starts one, and waits until it has stopped itself. */
  startStopping(options: WorkerOptions): Promise<StoppedWorker>;
  remove(): void;
}

export interface StoppedWorker {
  readonly child: ChildProcess;
  readonly ended: Promise<WorkerRun>;
  /** Lets it go on, and waits for its end. */
  resume(): Promise<WorkerRun>;
}

export const bundleWorker = async (): Promise<Worker> => {
  const file = path.join(
    here,
    "..",
    "..",
    "node_modules",
    ".cache",
    `worker-${process.pid}-${Date.now()}.mjs`,
  );
  await build({
    entryPoints: [path.join(here, "worker.ts")],
    outfile: file,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@mission-ledger/source"],
    external: ["fs-native-extensions"],
    logLevel: "error",
  });
  const argvOf = ({
    directory,
    name,
    commands = 1,
    ending = "",
    lock = "auto",
    wrapper = [],
  }: WorkerOptions) => [...wrapper, process.execPath, file, directory, name, String(commands), ending, lock];
  const acknowledgedIn = (out: string): readonly string[] =>
    out.split("\n").filter((line) => line !== "" && line !== "stopping");
  const start = (options: WorkerOptions) => {
    const [program = "", ...parameters] = argvOf(options);
    const child = spawn(program, parameters, { stdio: ["ignore", "pipe", "pipe"] });
    let [out, errors] = ["", ""];
    let onStop = (): void => {};
    const stopped = new Promise<void>((resolve) => {
      onStop = resolve;
    });
    child.stdout.on("data", (chunk) => {
      out += chunk;
      if (out.includes("stopping\n")) onStop();
    });
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    const ended = new Promise<WorkerRun>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => {
        if (code === 0 || signal === "SIGKILL") resolve({ acknowledged: acknowledgedIn(out), signal });
        else reject(new Error(`${code} ${signal}: ${errors}`));
      });
    });
    return { child, stopped, ended };
  };
  return {
    run: (options) => start(options).ended,
    runSync: (options) => {
      const [program = "", ...parameters] = argvOf(options);
      return acknowledgedIn(execFileSync(program, parameters, { encoding: "utf8" }));
    },
    startStopping: async (options) => {
      const { child, stopped, ended } = start(options);
      await Promise.race([stopped, ended]);
      const resume = async (): Promise<WorkerRun> => {
        // It says that it stops before it does, so the first signal may come too early.
        const again = setInterval(() => child.kill("SIGCONT"), 10);
        return ended.finally(() => clearInterval(again));
      };
      return { child, ended, resume };
    },
    remove: () => fs.rmSync(file, { force: true }),
  };
};
