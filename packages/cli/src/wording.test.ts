/** What a fault asks for can be typed as it stands: with the mission in it, and in the words of what is really wrong. */
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { crc32 } from "node:zlib";
import { StoreFault } from "@mission-ledger/core";
import { expect, test } from "vitest";
import { ownNames } from "./command/names.ts";
import { commands } from "./commands/index.ts";
import { problemOf } from "./output/problem.ts";
import { hintFor } from "./run/hints.ts";
import { planned, type Session } from "./testing/session.ts";

const inLedger = (shell: Session, ...parts: readonly string[]): string =>
  path.join(shell.directory, ".mission-ledger", ...parts);
const logOf = (shell: Session): string => inLedger(shell, "log", "mission-p.jsonl");

const sealed = (body: string): string => `${body},"crc":"${crc32(body).toString(16).padStart(8, "0")}"}`;

const hintOf = (details: Readonly<Record<string, unknown>>, hint: string): string | null => {
  const fault = new StoreFault("LOCK_TIMEOUT", "waited", {
    outcome: "not_written",
    retryable: true,
    hint,
    details,
  });
  const spec = commands[0] as (typeof commands)[number];
  return hintFor(problemOf(fault), { names: ownNames("mled"), spec, now: 0 });
};

test("a refusal over a suspect log names the mission to repair", async () => {
  const shell = await planned();
  writeFileSync(inLedger(shell, "lock", "mission-p.suspect"), "");
  const { err, code } = await shell.run("wp", "claim", "p/WP01");
  expect(code).toBe(8);
  expect(err).toContain("mled repair p");
  expect(err).not.toContain("<mission>");
});

test("a lock that was waited for in vain names the mission to unlock", () => {
  const hint = "If it is gone: mled unlock <mission> --force.";
  expect(hintOf({ path: "/l/lock/mission-my-app.lock" }, hint)).toBe(
    "If it is gone: mled unlock my-app --force.",
  );
  expect(hintOf({ stream: "mission-my-app" }, hint)).toBe("If it is gone: mled unlock my-app --force.");
  expect(hintOf({ path: "/l/lock/order" }, "If it is gone: mled unlock --force.")).toBe(
    "If it is gone: mled unlock --force.",
  );
});

test("the markers of a merge are called that, by doctor and by repair", async () => {
  const shell = await planned();
  appendFileSync(logOf(shell), ">>>>>>> theirs\n");
  const doctor = await shell.run("doctor");
  expect(doctor.out).toContain("p: conflict marker (offset ");
  const repaired = await shell.run("repair", "p");
  expect(repaired.out).toMatch(/set aside {2}15 bytes at offset \d+: conflict marker/);
  for (const text of [doctor.out, repaired.out]) expect(text).not.toContain("checksum");
});

test("repair says of a fork that needs no mending that a branch waits, and not that it was mended", async () => {
  const shell = await planned();
  await shell.run("wp", "note", "p/WP01", "on and on");
  const lines = readFileSync(logOf(shell), "utf8").trimEnd().split("\n");
  const body = (lines.at(-1) as string)
    .replace(/,"crc":"[0-9a-f]{8}"\}$/, "")
    .replace(/("origin":"[^"]*")/, '$1,"branch":"open"');
  writeFileSync(logOf(shell), `${[...lines.slice(0, -1), sealed(body)].join("\n")}\n`);
  const { err, code } = await shell.run("repair", "p");
  expect([code, err]).toEqual([
    8,
    expect.stringContaining("the log of p needs no mending, but holds a branch"),
  ]);
  expect(err).toContain("mled reconcile p");
  expect(readdirSync(inLedger(shell))).not.toContain("quarantine");
  expect((await shell.run("board")).err).toContain("FORK_DETECTED: two copies of p went on");
});

test("a log of a newer format is answered with a newer version, and never with repair", async () => {
  const shell = await planned();
  appendFileSync(logOf(shell), `${sealed('{"v":9,"anything":"at all"')}\n`);
  for (const argv of [
    ["doctor"],
    ["verify"],
    ["board", "p"],
    ["wp", "claim", "p/WP01"],
    ["repair", "p"],
    ["mission", "list"],
  ]) {
    const { err } = await shell.run(...argv);
    expect([argv, err]).toEqual([argv, expect.stringMatching(/version/)]);
    expect(err).not.toContain("mled repair");
  }
});
