import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import {
  program as bin,
  buildFirst,
  plain as env,
  mled,
  start,
  withPackage,
} from "./testing/built-program.ts";
import { scratch } from "./testing/session.ts";

buildFirst();

const withLedger = (): string => withPackage(scratch());

const row = (index: number): string =>
  JSON.stringify({
    actor: "a",
    at: "2026-01-01T00:00:00+00:00",
    event_id: `01AAAAAAAAAAAAAAAAAA${String(index).padStart(6, "0")}`,
    force: true,
    from_lane: "planned",
    to_lane: "planned",
    wp_id: "WP01",
    reason: "x".repeat(200),
  });

describe("the program", () => {
  test("exits by the table, with results on stdout and the rest on stderr", () => {
    const cwd = withLedger();
    expect(mled(cwd, "wp", "claim", "p/WP01", "--json")).toMatchObject({ status: 0, stderr: "" });
    expect(mled(cwd, "wp", "claim", "p/WP01", "--as", "bob")).toMatchObject({ status: 5, stdout: "" });
    expect(mled(cwd, "wp", "nope")).toMatchObject({ status: 2, stdout: "" });
    expect(mled(cwd, "log", "--ledger", "nowhere").status).toBe(3);
    expect(mled(cwd, "--version")).toMatchObject({ status: 0, stderr: "" });
  });

  test("writes a large result through a pipe to the last byte, however slowly it is read", async () => {
    const cwd = scratch();
    mkdirSync(path.join(cwd, "001-a"));
    const log = Array.from({ length: 3_000 }, (_, index) => `${row(index)}\n`).join("");
    writeFileSync(path.join(cwd, "001-a", "status.events.jsonl"), log);
    expect(mled(cwd, "import", "spec-kitty", "001-a", "--ledger", "plan").status).toBe(0);
    const child = spawn(process.execPath, [bin, "export", "spec-kitty", "001-a", "--ledger", "plan"], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const chunks: Buffer[] = [];
    for await (const chunk of child.stdout) {
      chunks.push(chunk as Buffer);
      if (chunks.length % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
    }
    expect(Buffer.concat(chunks).toString("utf8")).toBe(log);
  });

  test("a reader that leaves early is no error and leaves no trace", () => {
    const cwd = withLedger();
    const { stderr } = spawnSync(
      "sh",
      [
        "-c",
        `"${process.execPath}" "${bin}" help --all | head -n 1; "${process.execPath}" "${bin}" log --jsonl | true`,
      ],
      { cwd, env, encoding: "utf8" },
    );
    expect(stderr).toBe("");
  });

  test("closed standard streams neither hang nor crash it", () => {
    const cwd = withLedger();
    const run = (redirection: string) =>
      spawnSync(
        "sh",
        [
          "-c",
          `"${process.execPath}" "${bin}" review submit p/WP01 --verdict approved --notes-file - ${redirection}; echo $?`,
        ],
        { cwd, env, encoding: "utf8", timeout: 120_000 },
      );
    // Notes that turn out empty are wrong usage.
    expect(run("<&-").stdout.trim()).toBe("2");
    expect(run("</dev/null").stdout.trim()).toBe("2");
    expect(run("2>&-").stdout.trim()).toBe("2");
  });

  test("SIGINT ends a watch with 130", async () => {
    const cwd = withLedger();
    const child = spawn(process.execPath, [bin, "watch", "--after", "0", "--jsonl"], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.once("data", () => child.kill("SIGINT"));
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code).toBe(130);
  });

  test("repairs a log under the lock that the bundle brings along", () => {
    const cwd = withLedger();
    appendFileSync(path.join(cwd, ".mission-ledger", "log", "mission-p.jsonl"), "typed by hand\n");
    expect(mled(cwd, "wp", "claim", "p/WP01").status).toBe(8);
    expect(mled(cwd, "repair").status).toBe(0);
    expect(mled(cwd, "wp", "claim", "p/WP01").status).toBe(0);
  });

  test("processes that race for one package get one winner", async () => {
    const cwd = withLedger();
    const claims = ["a", "b", "c", "d"].map((actor) =>
      start(["wp", "claim", "p/WP01", "--as", actor], { cwd }),
    );
    const ends = await Promise.all(claims.map(({ ended }) => ended));
    expect(ends.map(({ status }) => status).sort()).toEqual([0, 5, 5, 5]);
    expect(mled(cwd, "verify").status).toBe(0);
  });
});
