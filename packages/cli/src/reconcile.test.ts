import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { crc32 } from "node:zlib";
import { describe, expect, inject, test } from "vitest";
import { planned, type Session } from "./testing/session.ts";

const inLedger = (shell: Session, ...parts: readonly string[]): string =>
  path.join(shell.directory, ".mission-ledger", ...parts);
const logOf = (shell: Session): string => inLedger(shell, "log", "mission-p.jsonl");

const asOpen = (line: string): string => {
  const body = line
    .replace(/,"crc":"[0-9a-f]{8}"\}$/, "")
    .replace(/"seq":(\d+)/, (_, seq: string) => `"seq":${Number(seq) + 1_000}`)
    .replace(/("origin":"[^"]*")/, '$1,"branch":"open"');
  return `${body},"crc":"${crc32(body).toString(16).padStart(8, "0")}"}\n`;
};

/** WP01 was claimed by ada here, and by bob in another copy, which was taken in. */
const forked = async (before: (shell: Session) => Promise<void> = async () => {}): Promise<Session> => {
  const [shell, other] = [await planned(), await planned()];
  rmSync(inLedger(other), { recursive: true });
  cpSync(inLedger(shell), inLedger(other), { recursive: true });
  rmSync(inLedger(other, "origin"));
  const shared = readFileSync(logOf(shell), "utf8");
  expect((await shell.run("wp", "claim", "p/WP01", "--as", "ada")).code).toBe(0);
  expect((await other.run("wp", "claim", "p/WP01", "--as", "bob")).code).toBe(0);
  await before(shell);
  const theirs = readFileSync(logOf(other), "utf8").slice(shared.length).trimEnd().split("\n");
  writeFileSync(logOf(shell), theirs.map(asOpen).join(""), { flag: "a" });
  return shell;
};

describe("reconcile", () => {
  test("with --dry-run shows what the decision would be, for each winner, and writes nothing", async () => {
    const shell = await forked();
    const log = readFileSync(logOf(shell));
    const [{ local, branch }] = (await shell.json("reconcile")).data.forks;
    for (const [winner, goes, stays] of [
      ["local", branch, local],
      [branch.eventId.slice(0, 8), local, branch],
    ] as const) {
      const by = goes === branch ? "bob" : "ada";
      const { code, data } = await shell.json("reconcile", "p", "--winner", winner, "--dry-run");
      expect(code).toBe(0);
      expect(data).toMatchObject({
        decided: null,
        wouldDecide: {
          winner: stays.digest,
          losers: [{ digest: goes.digest, eventId: goes.eventId }],
          demoted: [{ actor: by, workPackageId: "WP01" }],
          noLongerHolds: [{ workPackageId: "WP01", kind: "claim", was: by }],
        },
      });
      const { out } = await shell.run("reconcile", "p", "--winner", winner, "--dry-run");
      expect(out).toContain(`WP01 was claimed by ${by} there`);
      expect(out).toContain("nothing was written");
    }
    expect(readFileSync(logOf(shell))).toEqual(log);
    expect(readdirSync(inLedger(shell))).not.toContain("quarantine");
  });

  test("decides as its dry run said", async () => {
    const shell = await forked();
    const { wouldDecide } = (await shell.json("reconcile", "p", "--winner", "local", "--dry-run")).data;
    const { code, data } = await shell.json("reconcile", "p", "--winner", "local");
    expect(code).toBe(0);
    expect(data.decided).toMatchObject(wouldDecide);
    expect((await shell.run("wp", "move", "p/WP01", "in_progress", "--as", "ada")).code).toBe(0);
  });

  test("against what views had seen takes nothing away that would have to be told", async () => {
    const shell = await forked(async ({ run }) => expect((await run("rebuild")).code).toBe(0));
    const [{ branch }] = (await shell.json("reconcile")).data.forks;
    expect((await shell.json("reconcile", "p", "--winner", branch.eventId.slice(0, 8))).code).toBe(0);
    for (const argv of [["board", "p"], ["wp", "add", "p", "More"], ["doctor"], ["verify"]])
      expect(await shell.json(...argv), argv.join(" ")).toMatchObject({
        code: 0,
        envelope: { warnings: [] },
      });
    expect((await shell.json("rebuild")).code).toBe(0);
  });

  test("of a name that no branch has is told that there is none", async () => {
    const shell = await forked();
    for (const flags of [[], ["--dry-run"], ["--request-id", "0b0f5c1e-0000-4000-8000-000000000003"]]) {
      const { code, envelope } = await shell.json("reconcile", "p", "--winner", "ffffffff-nobody", ...flags);
      expect([code, envelope.error]).toMatchObject([
        3,
        { code: "NOT_FOUND", hint: "look: mled reconcile p" },
      ]);
    }
  });

  test("where nothing waits for a decision is done, and writes nothing", async () => {
    const shell = await planned();
    const log = readFileSync(logOf(shell));
    for (const flags of [[], ["--dry-run"], ["--request-id", "0b0f5c1e-0000-4000-8000-000000000002"]]) {
      const { code, data } = await shell.json("reconcile", "p", "--winner", "local", ...flags);
      expect([code, data]).toMatchObject([0, { decided: null, forks: [] }]);
      expect((await shell.run("reconcile", "p", "--winner", "local", ...flags)).out).toContain(
        "nothing to decide",
      );
    }
    expect(readFileSync(logOf(shell))).toEqual(log);
    expect((await shell.json("reconcile", "nope", "--winner", "local")).envelope.error?.code).toBe(
      "NOT_FOUND",
    );
  });

  test("of a name that is no mission says so, whether it decides or only shows", async () => {
    const shell = await forked();
    for (const decision of [[], ["--winner", "local"]])
      expect(await shell.json("reconcile", "q", ...decision)).toMatchObject({
        code: 3,
        envelope: { error: { code: "NOT_FOUND", message: "there is no mission q" } },
      });
    expect((await shell.json("reconcile", "p")).data.forks).toHaveLength(1);
  });

  test("repeated under the same request id answers what was decided then", async () => {
    const shell = await forked();
    const argv = [
      "reconcile",
      "p",
      "--winner",
      "local",
      "--request-id",
      "0b0f5c1e-0000-4000-8000-000000000001",
    ];
    const first = await shell.json(...argv);
    const again = await shell.json(...argv);
    expect([first.code, again.code]).toEqual([0, 0]);
    expect(again.data.decided).toMatchObject({ digest: first.data.decided.digest, repeated: true });
  });
});

test("a fork at the end of a log is said by every reader, and next offers nothing of it", async () => {
  const shell = await forked();
  for (const argv of [
    ["board"],
    ["log"],
    ["ready"],
    ["next", "p"],
    ["wp", "show", "p/WP01"],
    ["mission", "show"],
    ["mission", "list"],
  ])
    expect([argv, (await shell.run(...argv)).err]).toEqual([
      argv,
      expect.stringContaining("FORK_DETECTED: two copies of p went on from revision"),
    ]);
  expect((await shell.run("next", "--fail-empty")).code).toBe(9);
});

test.skipIf(!inject("sqlite"))(
  "a fork keeps a ledger from being copied until it is decided, and then the demoted branch comes along",
  async () => {
    const shell = await forked();
    const refused = await shell.json("copy", "file:.mission-ledger", "sqlite:plan.db");
    expect(refused).toMatchObject({ code: 8, envelope: { error: { code: "FORK_DETECTED" } } });
    expect(refused.envelope.error?.hint).toContain("mled reconcile p --store file:");
    expect((await shell.run("reconcile", "p", "--winner", "local", "--reason", "first")).code).toBe(0);
    expect((await shell.run("copy", "file:.mission-ledger", "sqlite:plan.db")).code).toBe(0);
    expect((await shell.run("copy", "sqlite:plan.db", "file:back")).code).toBe(0);
    const log = readFileSync(logOf(shell), "latin1");
    expect(log).toContain('"branch":"demoted"');
    expect(readFileSync(path.join(shell.directory, "back", "log", "mission-p.jsonl"), "latin1")).toBe(log);
  },
);
