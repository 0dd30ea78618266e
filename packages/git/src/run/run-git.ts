/**
 * One run of git, made so that neither a repository nor a name can make it run something else: no shell, no hooks, no
 * monitors, no pagers, no prompts, no transport but where a fetch was asked for. It ends: by itself, at its time limit, at
 * its output limit, or with the caller's signal.
 */
import { spawn } from "node:child_process";
import { devNull } from "node:os";
import path from "node:path";
import { gitEnvironment, type Reach } from "./environment.ts";
import { faultOfEnd, GitFault } from "./faults.ts";
import type { GitPlace } from "./git-place.ts";

export interface GitRun {
  /** @defaultValue nothing */
  readonly input?: Buffer;
  /** Exit codes that are answers; any other is thrown as a `GitFault`. @defaultValue [0] */
  readonly answers?: readonly number[];
  /** @defaultValue "repository" */
  readonly reach?: Reach;
  /** Configuration of this run, `name=value`. @defaultValue none */
  readonly settings?: readonly string[];
}

export interface GitAnswer {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly status: number;
}

const always: readonly string[] = [
  "core.fsmonitor=false",
  `core.hooksPath=${devNull}`,
  "core.pager=cat",
  "diff.external=",
  "gc.auto=0",
  "log.showSignature=false",
  "maintenance.auto=false",
  "protocol.ext.allow=never",
  "submodule.recurse=false",
];

const longestSaid = 16_384;

/** Answers stdout whole or not at all. Throws `GitFault`, or the signal's reason. */
export const runGit = async (
  { cwd, env = {}, program = "git", timeoutMs = 30_000, maxOutputBytes = 67_108_864, signal }: GitPlace,
  args: readonly [command: string, ...rest: string[]],
  { input, answers = [0], reach = "repository", settings = [] }: GitRun = {},
): Promise<GitAnswer> => {
  signal?.throwIfAborted();
  if (!path.isAbsolute(cwd) || [cwd, ...args].some((word) => word.includes("\0")))
    throw new TypeError(
      `git needs an absolute folder and words without NUL: ${JSON.stringify([cwd, ...args])}`,
    );
  const [command] = args;
  const words = ["--no-pager", "--literal-pathspecs", "-C", cwd];
  for (const setting of [...always, ...settings]) words.push("-c", setting);
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...words, ...args], {
      // A folder that is surely there: a missing `cwd` would look like a missing program.
      cwd: path.parse(cwd).root,
      env: gitEnvironment(env, reach),
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
      // Without a terminal of its own, ssh cannot ask for a password on it either.
      detached: reach === "remote",
    });
    const stdout: Buffer[] = [];
    let size = 0;
    let said = "";

    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    /** Helpers of a transport may live on and hold the pipes, so nobody waits for them to close. */
    const stop = (error: unknown): void => {
      settle();
      child.kill(reach === "remote" ? "SIGTERM" : "SIGKILL");
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
      child.unref();
      reject(error);
    };
    const onAbort = (): void => {
      try {
        signal?.throwIfAborted();
      } catch (reason) {
        stop(reason);
      }
    };
    const timer = setTimeout(() => stop(tooSlow(cwd, command, timeoutMs)), timeoutMs);
    signal?.addEventListener("abort", onAbort);

    child.on("error", (cause: NodeJS.ErrnoException) => stop(notRun(program, cause)));
    // Without descriptors for pipes there are no streams, whatever their type says; the error is on its way.
    if ((child.stdout as typeof child.stdout | undefined) === undefined) return;
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxOutputBytes) stop(tooMuch(cwd, command, maxOutputBytes));
      else stdout.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (said.length < longestSaid) said += chunk.toString("utf8");
    });
    // Git may end without reading all that it is told; how it ended says more.
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
    child.on("exit", () => {
      if (reach !== "remote") return;
      // A connection that ssh keeps for later holds the pipes for as long as it is kept.
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, 500).unref();
    });
    child.on("close", (code, killedBy) => {
      settle();
      const status = code ?? -1;
      if (answers.includes(status)) resolve({ stdout: Buffer.concat(stdout), stderr: said, status });
      else
        reject(
          faultOfEnd({ cwd, command, status, said: killedBy === null ? said : `killed by ${killedBy}` }),
        );
    });
  });
};

/** One line, which may hold anything but its own end: a path may have line ends inside. */
export const askGit = async (
  place: GitPlace,
  args: readonly [command: string, ...rest: string[]],
  run: GitRun = {},
): Promise<string> => (await runGit(place, args, run)).stdout.toString("utf8").replace(/\r?\n$/, "");

const exhausted: readonly string[] = ["EAGAIN", "EMFILE", "ENFILE", "ENOMEM"];

const notRun = (program: string, cause: NodeJS.ErrnoException): GitFault => {
  const isExhausted = exhausted.includes(cause.code ?? "");
  const hint = isExhausted
    ? "The system is short of processes, descriptors or memory; try again."
    : "Install git 2.36 or newer, and see that it is on the PATH.";
  return new GitFault(
    isExhausted ? "RESOURCES_EXHAUSTED" : "GIT_MISSING",
    `${program} could not be started: ${cause.code ?? cause.message}`,
    { hint, retryable: isExhausted, details: { program }, cause },
  );
};

const tooSlow = (cwd: string, command: string, timeoutMs: number): GitFault =>
  new GitFault("GIT_TIMEOUT", `git ${command} did not end within ${timeoutMs} ms`, {
    hint: "Try again; if it happens every time, give it more time or see what slows git down in this repository.",
    retryable: true,
    details: { cwd, command, timeoutMs },
  });

const tooMuch = (cwd: string, command: string, maxOutputBytes: number): GitFault =>
  new GitFault("GIT_LIMIT_EXCEEDED", `git ${command} answered more than ${maxOutputBytes} bytes`, {
    hint: "Ask for less, or allow more.",
    details: { cwd, command, limit: maxOutputBytes },
  });
