/** The program as its users start it: bundled, in a process of its own. */
import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { beforeAll } from "vitest";

/** The folder of the package. */
export const cli: string = path.resolve(import.meta.dirname, "../..");
export const program: string = path.join(cli, "bin", "mled.cjs");

type Environment = Readonly<Record<string, string>>;

/** Bundles the program before the tests of this file, unless it is there. It appears whole, so files may do so at once. */
export const buildFirst = (): void =>
  beforeAll(() => {
    const bundles = ["mled-bundle.cjs", "mled-eventstoredb.cjs"];
    if (bundles.every((name) => existsSync(path.join(cli, "dist", "bin", name)))) return;
    const built = spawnSync(process.execPath, [path.join(cli, "../../scripts/bundle-cli.mjs")], {
      encoding: "utf8",
    });
    if (built.status !== 0) throw new Error(built.stderr);
  });

/** All that a process of the program is given, beside what its test adds. */
export const plain: { readonly PATH: string; readonly MISSION_LEDGER_ACTOR: string } = {
  PATH: process.env.PATH ?? "",
  MISSION_LEDGER_ACTOR: "tester",
};

export type Mled = (cwd: string, ...argv: readonly string[]) => SpawnSyncReturns<string>;

/** Runs commands to their end, one after the other. */
export const mledWith =
  (env: Environment): Mled =>
  (cwd, ...argv) =>
    spawnSync(process.execPath, [program, ...argv], {
      cwd,
      env: { ...plain, ...env },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });

export const mled: Mled = mledWith({});

/** A ledger in this folder with a mission `p` of one package, WP01. */
export const withPackage = (cwd: string, run: Mled = mled): string => {
  run(cwd, "init");
  run(cwd, "mission", "create", "p", "Title");
  run(cwd, "wp", "add", "p", "One");
  return cwd;
};

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has said so far. */
  readonly said: () => string;
}

/** Starts a command and goes on beside it, which a test must that holds the server it speaks to. */
export const start = (
  argv: readonly string[],
  { cwd, env = {} }: { readonly cwd?: string; readonly env?: Environment },
): Started => {
  const child = spawn(process.execPath, [program, ...argv], {
    cwd,
    env: { ...plain, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
  return { child, ended, said: () => stdout };
};
