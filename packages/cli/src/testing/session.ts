/** A shell session for tests: a scratch directory, a clock that stands still, outputs as text. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import type { Programs } from "../machine/programs.ts";
import type { Envelope } from "../output/envelope.ts";
import type { Io } from "../run/io.ts";
import { runLedger } from "../run/run-ledger.ts";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Session {
  readonly directory: string;
  /** Moves the clock on. */
  pass(milliseconds: number): void;
  run(...argv: readonly string[]): Promise<Ran>;
  /** With `--json`: the one document, parsed. */
  json(
    ...argv: readonly string[]
  ): Promise<{ readonly code: number; readonly envelope: Envelope; readonly data: Data }>;
  readonly io: (changes?: Partial<Io>) => Io & { readonly text: () => Ran };
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into documents of many shapes
type Data = any;

/** Programs that are over at once, and well. */
const endingPrograms: Programs = {
  start: () => ({ ended: Promise.resolve({ _tag: "Exited", code: 0 }), stop: () => {} }),
};

export const scratch = (): string => {
  const directory = mkdtempSync(path.join(tmpdir(), "mled-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

export const session = (changes: Partial<Io> = {}): Session => {
  const directory = scratch();
  let now = Date.parse("2026-03-01T10:00:00.000Z");
  const io: Session["io"] = (more = {}) => {
    const [out, err]: [string[], string[]] = [[], []];
    const textOf = (chunk: string | Uint8Array): string =>
      typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
    return {
      stdout: { write: (chunk) => out.push(textOf(chunk)) > 0 },
      stderr: { write: (chunk) => err.push(textOf(chunk)) > 0 },
      cwd: directory,
      env: { MISSION_LEDGER_ACTOR: "tester" },
      clock: { now: () => now },
      programs: endingPrograms,
      ...changes,
      ...more,
      text: () => ({ code: -1, out: out.join(""), err: err.join("") }),
    };
  };
  const run: Session["run"] = async (...argv) => {
    const world = io();
    const code = await runLedger(argv, world);
    return { ...world.text(), code };
  };
  return {
    directory,
    pass: (milliseconds) => {
      now += milliseconds;
    },
    run,
    json: async (...argv) => {
      const { code, out } = await run(...argv, "--json");
      const envelope = JSON.parse(out) as Envelope;
      return { code, envelope, data: envelope.data as Data };
    },
    io,
  };
};

/** A ledger with a mission `p` of three packages: WP01, WP02 behind it, WP03 with subtasks. */
export const planned = async (changes: Partial<Io> = {}): Promise<Session> => {
  const shell = session(changes);
  await shell.run("init");
  await shell.run("mission", "create", "p", "Passkeys");
  await shell.run("wp", "add", "p", "Login form", "--id", "WP01", "--owns", "src/**");
  await shell.run("wp", "add", "p", "Verify token", "--after", "WP01");
  await shell.run(
    "wp",
    "add",
    "p",
    "Docs",
    "--id",
    "WP03",
    "--subtask",
    "T1 Write",
    "--subtask",
    "T2 Proofread",
  );
  return shell;
};
