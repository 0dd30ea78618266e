import { readFileSync, renameSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { runLedger } from "../cli.ts";
import {
  exitOfProgram,
  type ProgramEnd,
  type ProgramRequest,
  type Programs,
  type StopSignal,
} from "../machine/programs.ts";
import { fakeMachine } from "../testing/fake-machine.ts";
import { type ManualTime, manualTime, settled } from "../testing/manual-time.ts";
import { planned, type Session } from "../testing/session.ts";
import { graceMs } from "./hold-around.ts";

const minute = 60_000;
const failed: ProgramEnd = { _tag: "Exited", code: 3 };
const ok: ProgramEnd = { _tag: "Exited", code: 0 };

/** Programs that a test ends, and what was asked of them. */
const heldPrograms = (pid?: number) => {
  const requests: ProgramRequest[] = [];
  const stops: StopSignal[] = [];
  let end: (how: ProgramEnd) => void = () => {};
  const programs: Programs = {
    start: (request) => {
      requests.push(request);
      const ended = new Promise<ProgramEnd>((resolve) => {
        end = resolve;
      });
      const started = pid === undefined ? {} : { pid };
      return { ...started, ended, stop: (signal) => void stops.push(signal) };
    },
  };
  return { programs, requests, stops, end: (how: ProgramEnd) => end(how) };
};

interface Holding {
  readonly shell: Session;
  readonly time: ManualTime;
  readonly world: ReturnType<typeof heldPrograms>;
  /** Runs `mled hold` until its program has started. */
  hold(
    ...argv: readonly string[]
  ): Promise<{ readonly done: Promise<{ code: number; out: string; err: string }> }>;
  show(): Promise<{ lane: string; claim: { holder: string; expiresAt: string; workplace: object } | null }>;
}

const holding = async (pid?: number): Promise<Holding> => {
  const time = manualTime();
  const world = heldPrograms(pid);
  const machine = fakeMachine(pid === undefined ? {} : { running: { [pid]: "3000" } });
  const shell = await planned({ clock: time.clock, timers: time.timers, programs: world.programs, machine });
  return {
    shell,
    time,
    world,
    hold: async (...argv) => {
      const started = world.requests.length;
      let isOver = false;
      const done = shell.run("hold", ...argv).finally(() => {
        isOver = true;
      });
      while (world.requests.length === started && !isOver) await settled();
      return { done };
    },
    show: async () => (await shell.json("wp", "show", "p/WP01")).data,
  };
};

describe("mled hold", () => {
  test("starts the program only under a claim, and tells it who it is", async () => {
    const { shell, world, hold, show } = await holding();
    const { done } = await hold("p/WP01", "--", "sh", "-c", "work", "", "--json");
    expect(world.requests).toEqual([
      {
        command: ["sh", "-c", "work", "", "--json"],
        cwd: shell.directory,
        env: {
          MISSION_LEDGER_ACTOR: "tester",
          MISSION_LEDGER_REF: "p/WP01",
          MISSION_LEDGER_FENCE: "1",
        },
        stdout: "stdout",
      },
    ]);
    expect((await show()).claim).toMatchObject({
      holder: "tester",
      workplace: { program: { pid: 10 } },
    });
    world.end(ok);
    expect((await done).code).toBe(0);
  });

  test("passes the claim on to the program, which outlives it if it is killed", async () => {
    const { world, hold, show } = await holding(77);
    const { done } = await hold("p/WP01", "--", "work");
    const named = (): Promise<object | undefined> => show().then(({ claim }) => claim?.workplace);
    while (JSON.stringify(await named()).includes('"pid":10')) await settled();
    expect(await named()).toMatchObject({ program: { pid: 77, started: expect.stringContaining(" 3000") } });
    world.end(ok);
    expect((await done).code).toBe(0);
    expect(await named()).not.toHaveProperty("program");
  });

  test("starts nothing where somebody else has the package", async () => {
    const { shell, world, hold } = await holding();
    await shell.run("wp", "claim", "p/WP01", "--as", "bob");
    const { code, err } = await (await hold("p/WP01", "--", "work")).done;
    expect([code, world.requests]).toEqual([5, []]);
    expect(err).toContain("CLAIM_HELD: p/WP01 is held by bob");
  });

  test("interrupted before its program has started gives the claim back, and says so", async () => {
    const { shell, world } = await holding();
    const signal = {
      // The interrupt comes while the claim is being written.
      get aborted() {
        return isClaimed();
      },
      throwIfAborted: () => {},
      addEventListener: () => {},
      removeEventListener: () => {},
    };
    const log = path.join(shell.directory, ".mission-ledger", "log", "mission-p.jsonl");
    const isClaimed = (): boolean => readFileSync(log, "utf8").includes("WorkPackageClaimed");
    const io = shell.io({ signal });
    expect(await runLedger(["hold", "p/WP01", "--", "work"], io)).toBe(130);
    expect(io.text().err).toContain("interrupted before the program was started");
    expect(world.requests).toEqual([]);
    expect((await shell.json("wp", "show", "p/WP01")).data).toMatchObject({ lane: "planned", claim: null });
  });

  test("with --dry-run says what would be written, and runs nothing", async () => {
    const { shell, world, show } = await holding();
    const { code, out } = await shell.run("hold", "p/WP01", "--dry-run", "--", "work");
    expect([code, world.requests, (await show()).claim]).toEqual([0, [], null]);
    expect(out).toContain("would have claimed p/WP01 and run work");
    await shell.run("wp", "claim", "p/WP01");
    expect((await shell.run("hold", "p/WP01", "--dry-run", "--", "work")).out).toContain(
      "would have taken up p/WP01",
    );
    await shell.run("wp", "claim", "p/WP03", "--as", "bob");
    expect((await shell.run("hold", "p/WP03", "--dry-run", "--", "work")).code).toBe(5);
  });

  test("prints nothing on standard output, which is the program's", async () => {
    const { world, hold } = await holding();
    const { done } = await hold("p/WP01", "--", "work");
    world.end(ok);
    const { out, err } = await done;
    expect(out).toBe("");
    expect(err).toContain("claimed p/WP01 for tester   fence 1   until 10:02 UTC, renewed while work runs");
    expect(err).toContain("kept p/WP01   fence 1");
  });

  test("with --json prints one document at the end, and has the program print on standard error", async () => {
    const { world, hold } = await holding();
    const { done } = await hold("p/WP01", "--json", "--", "work");
    expect(world.requests[0]?.stdout).toBe("stderr");
    world.end(failed);
    const { code, out, err } = await done;
    expect([code, err]).toEqual([3, ""]);
    expect(JSON.parse(out)).toMatchObject({
      command: "hold",
      ok: false,
      data: { ref: "p/WP01", fence: 1, claim: "released", lane: "planned", program: { exit: 3 } },
      error: { code: "PROGRAM_FAILED", details: { mission: "p", workPackageId: "WP01", exit: 3 } },
    });
  });

  test("slow or backgrounded work renews its claim for as long as it runs", async () => {
    const { shell, time, world, hold, show } = await holding();
    const { done } = await hold("p/WP01", "--lease", "1m", "--", "work");
    for (let minutes = 0; minutes < 30; minutes += 1) {
      await time.pass(minute);
      const { claim } = await show();
      expect(Date.parse(claim?.expiresAt ?? "")).toBeGreaterThan(time.clock.now());
    }
    expect((await shell.run("wp", "recover", "p/WP01", "--reason", "slow", "--as", "bob")).code).toBe(5);
    world.end(ok);
    expect((await done).code).toBe(0);
    expect(world.stops).toEqual([]);
  });

  test.each<readonly [string, ProgramEnd, number]>([
    ["its own code", { _tag: "Exited", code: 42 }, 42],
    ["128 and the signal that ended it", { _tag: "Killed", signal: "SIGKILL", number: 9 }, 137],
    ["127 where it is not there", { _tag: "NotStarted", code: "ENOENT" }, 127],
    ["126 where it cannot be run", { _tag: "NotStarted", code: "EACCES" }, 126],
  ])("ends with %s, and gives back what it took", async (_, end, code) => {
    const { world, hold, show } = await holding();
    const { done } = await hold("p/WP01", "--", "work");
    world.end(end);
    expect((await done).code).toBe(code);
    expect(exitOfProgram(end)).toBe(code);
    expect(await show()).toMatchObject({ lane: "planned", claim: null });
  });

  test("keeps the claim of a program that ended well, without a program, so that the work can be handed over", async () => {
    const { shell, world, hold, show } = await holding();
    const { done } = await hold("p/WP01", "--", "work");
    await shell.run("wp", "move", "p/WP01", "in_progress");
    world.end(ok);
    await done;
    const { lane, claim } = await show();
    expect([lane, claim?.holder]).toEqual(["in_progress", "tester"]);
    expect(claim?.workplace).not.toHaveProperty("program");
    expect((await shell.run("wp", "move", "p/WP01", "for_review", "--evidence", "note=done")).code).toBe(0);
  });

  test("leaves a program alone that hands its work over itself", async () => {
    const { shell, time, world, hold } = await holding();
    const { done } = await hold("p/WP01", "--lease", "1m", "--", "work");
    await shell.run("wp", "move", "p/WP01", "in_progress");
    await shell.run("wp", "move", "p/WP01", "for_review", "--evidence", "note=done");
    await time.pass(5 * minute);
    expect(world.stops).toEqual([]);
    world.end(ok);
    const { code, err } = await done;
    expect(code).toBe(0);
    expect(err).toContain("p/WP01 was handed over   now for_review");
  });

  test("stops the program when the claim is lost: asked first, made to when it does not listen", async () => {
    const { shell, time, world, hold } = await holding();
    const { done } = await hold("p/WP01", "--lease", "1m", "--", "work");
    time.sleep(2 * minute);
    await shell.run("wp", "recover", "p/WP01", "--reason", "it sleeps", "--as", "bob");
    await shell.run("wp", "claim", "p/WP01", "--as", "bob");
    // The first look at the clock, a twentieth of the lease from its beginning.
    await time.pass(3_000);
    expect(world.stops).toEqual(["SIGTERM"]);
    await time.pass(graceMs - 1);
    expect(world.stops).toEqual(["SIGTERM"]);
    await time.pass(1);
    expect(world.stops).toEqual(["SIGTERM", "SIGKILL"]);
    world.end({ _tag: "Killed", signal: "SIGKILL", number: 9 });
    const { code, err } = await done;
    expect(code).toBe(5);
    expect(err).toContain(
      "CLAIM_LOST: the claim on p/WP01 was lost while work ran; work was ended by SIGKILL",
    );
    expect((await shell.json("wp", "show", "p/WP01")).data.claim.holder).toBe("bob");
  });

  test("stops a program whose claim was taken by force", async () => {
    const { shell, time, world, hold } = await holding();
    const { done } = await hold("p/WP01", "--lease", "1m", "--", "work");
    await shell.run("wp", "force", "p/WP01", "planned", "--as", "boss", "--reason", "enough");
    await time.pass(minute);
    expect(world.stops[0]).toBe("SIGTERM");
    world.end(ok);
    expect((await done).code).toBe(5);
  });

  test("that cannot keep the claim for a handover fails, though its program ended well", async () => {
    const { shell, world, hold } = await holding();
    const { done } = await hold("p/WP01", "--json", "--", "work");
    const log = path.join(shell.directory, ".mission-ledger", "log");
    renameSync(log, `${log}-away`);
    world.end(ok);
    const { code, out } = await done;
    renameSync(`${log}-away`, log);
    expect(code).not.toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      data: { claim: "left", program: { exit: 0 } },
      error: {
        message: expect.stringContaining("work ended with 0, and the claim on p/WP01 could not be kept"),
        hint: expect.stringContaining("mled wp renew p/WP01"),
        details: { mission: "p", workPackageId: "WP01" },
      },
    });
  });

  test("says what it left where the log cannot be asked at the end, and ends as the program did", async () => {
    const { shell, world, hold } = await holding();
    const { done } = await hold("p/WP01", "--json", "--", "work");
    const log = path.join(shell.directory, ".mission-ledger", "log");
    renameSync(log, `${log}-away`);
    world.end(failed);
    const { code, out } = await done;
    renameSync(`${log}-away`, log);
    expect(code).toBe(3);
    const { data, warnings } = JSON.parse(out);
    expect(data.claim).toBe("left");
    expect(warnings[0]).toMatch(
      /^[A-Z_]+: the claim on p\/WP01 could not be ended: .*; next: mled wp recover p\/WP01/,
    );
  });
});

describe("taking up a claim", () => {
  test("that was made by hand keeps its fence and its worktree, and leaves it as it was at the end", async () => {
    const { shell, time, world, hold, show } = await holding();
    await shell.run("wp", "claim", "p/WP01", "--lease", "4h");
    const { done } = await hold("p/WP01", "--lease", "1m", "--", "work");
    expect(world.requests[0]?.env.MISSION_LEDGER_FENCE).toBe("1");
    await time.pass(10 * minute);
    world.end(failed);
    const { code, err } = await done;
    expect(code).toBe(3);
    expect(err).toContain("took up p/WP01 for tester   fence 1");
    const { claim } = await show();
    expect(claim?.workplace).not.toHaveProperty("program");
    expect(Date.parse(claim?.expiresAt ?? "")).toBe(time.clock.now() + 240 * minute);
  });

  test("by hand, when its program is gone, shows that its holder lives: that death frees it no more", async () => {
    const { shell, world, hold, show } = await holding();
    const { done } = await hold("p/WP01", "--lease", "10m", "--", "work");
    const later = fakeMachine({ own: { pid: 11, start: "2000" } });
    const run = async (...argv: readonly string[]): Promise<number> =>
      runLedger(argv, shell.io({ machine: later }));
    expect(await run("wp", "renew", "p/WP01", "--fence", "1")).toBe(0);
    expect((await show()).claim?.workplace).not.toHaveProperty("program");
    expect(await run("wp", "recover", "p/WP01", "--reason", "gone", "--as", "bob")).toBe(5);
    world.end(ok);
    await done;
  });

  test("that another program of the same actor has is refused, until that program is gone", async () => {
    const { shell, world, hold } = await holding();
    const first = await hold("p/WP01", "--", "work");
    const other = { pid: 11, start: "2000" };
    const beside = shell.io({ machine: fakeMachine({ own: other, running: { 10: "1000" } }) });
    expect(await runLedger(["hold", "p/WP01", "--", "more"], beside)).toBe(5);
    expect(beside.text().err).toContain("CLAIM_HELD");
    expect(world.requests).toHaveLength(1);

    const alone = shell.io({ machine: fakeMachine({ own: other }) });
    const second = runLedger(["hold", "p/WP01", "--", "more"], alone);
    while (world.requests.length === 1) await settled();
    expect(alone.text().err).toContain("took up p/WP01");
    world.end(ok);
    expect(await second).toBe(0);
    void first.done;
  });
});

describe("what is typed", () => {
  test.each([
    [["hold", "p/WP01", "npm", "test"], "Put -- before it: mled hold <ref> -- npm test"],
    [["hold", "p/WP01", "npm", "test", "--as", "bob"], "Put -- before it"],
    [["hold", "p/WP01", "ls", "-la"], "unknown option"],
    [["hold", "p/WP01"], "missing required argument"],
    [["hold", "p/WP01", "--"], "missing required argument"],
    [["hold", "p/WP01", "--", ""], "has no name"],
    [["hold", "p/WP01", "--lease", "soon", "--", "work"], "--lease"],
    [["hold", "p/WP01", "--kind", "guess", "--", "work"], "--kind"],
    [["hold", "p/WP01", "--worktree", "nowhere", "--", "work"], "--worktree"],
  ] as const)("%j is refused before anything is written", async (argv, said) => {
    const { shell, world } = await holding();
    const { code, out, err } = await shell.run(...argv);
    expect([code, out, world.requests]).toEqual([2, "", []]);
    expect(err).toContain(said);
    expect((await shell.json("wp", "show", "p/WP01")).data.claim).toBeNull();
  });

  test("reaches the program as it is, also what looks like ours", async () => {
    const { world, hold } = await holding();
    const { done } = await hold(
      "p/WP01",
      "--as",
      "ada",
      "--",
      "mled",
      "--version",
      "--json",
      "--",
      "-C",
      "/",
    );
    expect(world.requests[0]?.command).toEqual(["mled", "--version", "--json", "--", "-C", "/"]);
    expect(world.requests[0]?.env.MISSION_LEDGER_ACTOR).toBe("ada");
    world.end(ok);
    expect((await done).out).toBe("");
  });

  test("on a host that runs no programs is refused", async () => {
    const shell = await planned();
    const { programs: _, ...io } = shell.io();
    expect(await runLedger(["hold", "p/WP01", "--", "work"], io)).toBe(2);
    expect((await shell.json("wp", "show", "p/WP01")).data.claim).toBeNull();
  });
});
