/** Interrupted work: each way in which it is known to be stranded elsewhere, as a fact about us. */
import { renameSync } from "node:fs";
import path from "node:path";
import { activeInExecutionLane, type OpenMission } from "@mission-ledger/core/mission";
import { describe, expect, test } from "vitest";
import { openLedger } from "./index.ts";
import { fakeMachine } from "./testing/fake-machine.ts";
import { planned, type Session } from "./testing/session.ts";

const machine = fakeMachine();
const [minute, day] = [60_000, 86_400_000];

const findingsAbout = async (
  shell: Session,
  ref: string,
): Promise<readonly { kind: string; command: string }[]> =>
  (await shell.json("doctor")).data.findings.filter(
    (one: { mission: string; workPackageId: string; severity: string }) =>
      `${one.mission}/${one.workPackageId}` === ref && one.severity === "action",
  );
const stateOf = async (shell: Session): Promise<OpenMission> => {
  const ledger = await openLedger({
    actor: "reader",
    directory: path.join(shell.directory, ".mission-ledger"),
  });
  try {
    return (await ledger.engine.mission("p").state()) as OpenMission;
  } finally {
    await ledger.close();
  }
};

describe("a claim that a command made", () => {
  test("is not taken for dead because that command has ended, neither one to implement nor one to review", async () => {
    const shell = await planned({ machine });
    await shell.run("wp", "claim", "p/WP01");
    expect((await shell.json("wp", "show", "p/WP01")).data.claim.workplace).not.toHaveProperty("program");
    expect(await findingsAbout(shell, "p/WP01")).toEqual([]);
    expect((await shell.run("wp", "recover", "p/WP01", "--reason", "dead?", "--as", "bob")).code).toBe(5);
    await shell.run("wp", "move", "p/WP01", "in_progress");
    await shell.run("wp", "move", "p/WP01", "for_review", "--evidence", "note=done");
    await shell.run("review", "start", "p/WP01", "--as", "reviewer");
    expect((await shell.run("review", "start", "p/WP01", "--as", "second")).code).toBe(5);
    expect((await shell.run("wp", "recover", "p/WP01", "--reason", "dead?", "--as", "bob")).code).toBe(5);
  });

  test("whose worker died before its first commit is found at the end of its lease, not after days", async () => {
    const shell = await planned({ machine });
    await shell.run("wp", "claim", "p/WP01");
    shell.pass(day / 6);
    const [found] = await findingsAbout(shell, "p/WP01");
    expect(found).toMatchObject({
      kind: "lease_expired",
      command: expect.stringContaining("mled wp recover p/WP01"),
    });
  });

  test("is held under every name alike: there is none that anybody may take over", async () => {
    for (const name of ["implement-command", "unknown", "recovery"]) {
      const shell = await planned({ machine });
      await shell.run("wp", "claim", "p/WP01", "--as", name);
      const second = await shell.json("wp", "claim", "p/WP01", "--as", "bob");
      expect([second.code, second.envelope.error?.code]).toEqual([5, "CLAIM_HELD"]);
      expect(
        (await shell.json("wp", "move", "p/WP01", "in_progress", "--as", "bob")).envelope.error?.code,
      ).toBe("CLAIM_HELD");
    }
  });
});

describe("a recovery", () => {
  test("of one package in a shared lane pushes none of its siblings on, and leaves one active package at most", async () => {
    const shell = await planned({ machine });
    for (const id of ["WP04", "WP05", "WP06"])
      await shell.run("wp", "add", "p", id, "--id", id, "--execution-lane", "lane-a");
    await shell.run("wp", "claim", "p/WP04", "--lease", "1m");
    await shell.run("wp", "move", "p/WP04", "in_progress");
    shell.pass(minute);
    expect((await shell.run("wp", "recover", "p/WP04", "--reason", "gone")).code).toBe(0);
    const state = await stateOf(shell);
    expect(["WP04", "WP05", "WP06"].map((id) => state.workPackages[id]?.lane)).toEqual([
      "planned",
      "planned",
      "planned",
    ]);
    expect(activeInExecutionLane(state, "lane-a")).toBeUndefined();
  });

  test("never moves a package further than to where it is taken up", async () => {
    const shell = await planned({ machine });
    await shell.run("wp", "claim", "p/WP01", "--lease", "1m");
    await shell.run("wp", "move", "p/WP01", "in_progress");
    shell.pass(minute);
    const { data } = await shell.json("wp", "recover", "p/WP01", "--reason", "gone");
    expect(data).toMatchObject({ from: "in_progress", to: "planned", holder: null, readback: "verified" });
  });

  test("that cannot be written fails, and says that nothing was", async () => {
    const shell = await planned({ machine });
    await shell.run("wp", "claim", "p/WP01", "--lease", "1m");
    shell.pass(minute);
    const log = path.join(shell.directory, ".mission-ledger", "log");
    renameSync(log, `${log}-away`);
    const { code, envelope } = await shell.json("wp", "recover", "p/WP01", "--reason", "gone");
    renameSync(`${log}-away`, log);
    expect(code).not.toBe(0);
    expect(envelope).toMatchObject({ ok: false, data: null });
    expect((await shell.json("wp", "show", "p/WP01")).data.claim.holder).toBe("tester");
  });

  test("run by ten at once frees the package once", async () => {
    const shell = await planned({ machine });
    await shell.run("wp", "claim", "p/WP01", "--lease", "1m");
    shell.pass(minute);
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        shell.run("wp", "recover", "p/WP01", "--reason", "gone", "--as", `operator ${index}`),
      ),
    );
    expect(all.filter(({ code }) => code === 0)).toHaveLength(1);
    const { data } = await shell.json("log", "p", "--limit", "0");
    expect(data.events.filter(({ type }: { type: string }) => type === "ClaimRecovered")).toHaveLength(1);
  });
});

describe("a resumed worker with a stale fence", () => {
  const writes: readonly (readonly string[])[] = [
    ["wp", "move", "p/WP03", "in_progress"],
    ["wp", "move", "p/WP03", "for_review", "--evidence", "note=done"],
    ["wp", "renew", "p/WP03"],
    ["wp", "release", "p/WP03"],
    ["wp", "subtask", "p/WP03", "T1"],
    ["review", "submit", "p/WP03", "--verdict", "approved"],
  ];

  const resumed = async (takenBy: string | undefined): Promise<Session> => {
    const shell = await planned({ machine });
    await shell.run("wp", "claim", "p/WP03", "--lease", "1m");
    shell.pass(minute);
    await shell.run("wp", "recover", "p/WP03", "--reason", "gone", "--as", "bob");
    if (takenBy !== undefined) await shell.run("wp", "claim", "p/WP03", "--as", takenBy);
    return shell;
  };

  test.each(writes)("is refused with the next step: mled %s %s %s", async (...argv) => {
    for (const takenBy of ["bob", "tester", undefined]) {
      const shell = await resumed(takenBy);
      const before = (await shell.json("wp", "show", "p/WP03")).data;
      const { code, envelope } = await shell.json(
        ...argv.filter((word) => word !== undefined),
        "--fence",
        "1",
      );
      expect([code, envelope.error?.code]).toEqual([5, "CLAIM_LOST"]);
      expect(envelope.error?.details).toMatchObject({ mission: "p", workPackageId: "WP03", fence: 1 });
      expect(envelope.error?.hint).toBe(
        takenBy === undefined
          ? "stop this work, or claim it anew: mled wp claim p/WP03"
          : "stop this work      look: mled wp show p/WP03",
      );
      expect((await shell.json("wp", "show", "p/WP03")).data).toEqual(before);
    }
  });
});
