import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  program as bin,
  buildFirst,
  plain as env,
  mled,
  start,
  withPackage,
} from "../testing/built-program.ts";
import { scratch } from "../testing/session.ts";
import { ownProgram } from "../workplace/program.ts";

buildFirst();

const withLedger = (): string => withPackage(scratch());

/** A program in Node, which says when it has begun. */
const script = (text: string): readonly string[] => [process.execPath, "-e", text];

const holding = (cwd: string, command: readonly string[], flags: readonly string[] = []) => {
  const { child, ended, said } = start(["hold", "p/WP01", ...flags, "--", ...command], { cwd });
  onTestFinished(() => void child.kill("SIGKILL"));
  const says = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (said().includes(text)) resolve();
      };
      child.stdout?.on("data", look);
      void ended.then(({ stderr }) => reject(new Error(`it ended without ${text}: ${stderr}`)));
      look();
    });
  const pid = (): number => Number(/begun (\d+)/.exec(said())?.[1]);
  return { child, ended, says, pid };
};

const stays = `setInterval(() => {}, 1000); console.log("begun", process.pid);`;
const canTell = ownProgram() !== undefined;

describe("mled hold as a process", () => {
  test("passes input, output and exit code through as they are", async () => {
    const cwd = withLedger();
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 256));
    const child = spawnSync(
      process.execPath,
      [
        bin,
        "hold",
        "p/WP01",
        "--",
        ...script(
          "process.stdin.pipe(process.stdout); process.stdin.on('end', () => { process.stderr.write('err'); process.exitCode = 42; })",
        ),
      ],
      { cwd, env, input: bytes },
    );
    expect(child.status).toBe(42);
    expect(Buffer.compare(child.stdout, bytes)).toBe(0);
    expect(child.stderr.toString("utf8")).toContain("err");
  });

  test.skipIf(!canTell)(
    "killed with SIGKILL leaves its claim to the program that works on, whose death frees it at once",
    async () => {
      const cwd = withLedger();
      const { child, says, pid } = holding(cwd, script(stays));
      await says("begun");
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
      // The program that it ran is nobody's child now, and works on.
      const early = mled(cwd, "wp", "recover", "p/WP01", "--reason", "its program is gone", "--as", "bob");
      expect([early.status, early.stderr]).toEqual([5, expect.stringContaining("CLAIM_ALIVE")]);
      process.kill(pid(), "SIGKILL");
      const found = JSON.parse(mled(cwd, "doctor", "--json").stdout).data.findings;
      expect(found).toContainEqual(
        expect.objectContaining({
          kind: "process_gone",
          command: 'mled wp recover p/WP01 --reason "its program is gone"',
        }),
      );
      const recovered = mled(
        cwd,
        "wp",
        "recover",
        "p/WP01",
        "--reason",
        "its program is gone",
        "--as",
        "bob",
        "--json",
      );
      expect(JSON.parse(recovered.stdout).data).toMatchObject({ signal: "process_gone", lane: "planned" });
      // Whatever the dead one's program still writes is refused.
      expect(mled(cwd, "wp", "claim", "p/WP01", "--as", "bob").status).toBe(0);
      const late = mled(cwd, "wp", "move", "p/WP01", "in_progress", "--fence", "1");
      expect([late.status, late.stderr]).toEqual([5, expect.stringContaining("stop this work")]);
    },
  );

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "passes %s on, and ends as the program does",
    async (signal) => {
      const cwd = withLedger();
      const { child, ended, says } = holding(
        cwd,
        script(`process.on("${signal}", () => { console.log("got it"); process.exit(7); }); ${stays}`),
      );
      await says("begun");
      child.kill(signal);
      const { status, stdout } = await ended;
      expect([status, stdout]).toEqual([7, expect.stringContaining("got it")]);
      expect(JSON.parse(mled(cwd, "wp", "show", "p/WP01", "--json").stdout).data).toMatchObject({
        lane: "planned",
        claim: null,
      });
    },
  );

  test("of ten at once runs one program", async () => {
    const cwd = withLedger();
    const log = path.join(cwd, "ran");
    writeFileSync(log, "");
    // It stays until all the others were refused.
    const work = ["sh", "-c", "printf x >> ran; while [ ! -e go ]; do sleep 0.05; done"];
    const all = Array.from({ length: 10 }, () => holding(cwd, work));
    let refused = 0;
    for (const { ended } of all)
      void ended.then(() => {
        refused += 1;
        if (refused === 9) writeFileSync(path.join(cwd, "go"), "");
      });
    const ends = await Promise.all(all.map(({ ended }) => ended));
    expect(ends.map(({ status }) => status).sort()).toEqual([0, 5, 5, 5, 5, 5, 5, 5, 5, 5]);
    expect(readFileSync(log, "utf8")).toBe("x");
  });

  test("with --json prints one document on standard output, whatever the program prints", () => {
    const cwd = withLedger();
    const { status, stdout, stderr } = mled(
      cwd,
      "hold",
      "p/WP01",
      "--json",
      "--",
      ...script("console.log('noise'); process.exit(3)"),
    );
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: "PROGRAM_FAILED" } });
    expect(stderr).toBe("noise\n");
  });
});
