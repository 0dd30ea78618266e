import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { commands } from "./cli.ts";
import { planned, session } from "./testing/session.ts";

describe("the everyday session", () => {
  test("runs from an empty folder to an approved package", async () => {
    const shell = session();
    expect(await shell.run("init")).toMatchObject({ code: 0, err: "" });
    expect((await shell.run("init")).out).toContain("Nothing was changed");
    expect((await shell.run("mission", "create", "passkeys", "Log in")).out).toMatch(
      /^created passkeys +rev 0 {2}read back\n$/,
    );
    await shell.run("wp", "add", "passkeys", "Login form", "--id", "WP01", "--owns", "src/login/**");
    expect((await shell.run("wp", "add", "passkeys", "Verify", "--after", "WP01")).out).toContain(
      "added passkeys/WP02",
    );
    expect((await shell.run("ready", "--why")).out).toMatch(
      /READY +passkeys\/WP01.*\nWAITING +passkeys\/WP02.*dependency: WP01 is planned/,
    );
    expect((await shell.run("wp", "claim", "passkeys/WP01", "--as", "ada")).out).toMatch(
      /^claimed passkeys\/WP01 for ada {3}fence 1 {3}until 14:00 UTC \(4h\) +rev 6 {2}read back\n$/,
    );
    const held = await shell.run("wp", "claim", "passkeys/WP01", "--as", "bob");
    expect(held.code).toBe(5);
    expect(held.out).toBe("");
    expect(held.err).toContain("CLAIM_HELD: passkeys/WP01 is held by ada until");
    expect(held.err).toContain('later: mled wp recover passkeys/WP01 --reason "…"');
    expect((await shell.run("wp", "move", "passkeys/WP01", "in_progress", "--as", "ada")).out).toMatch(
      /^moved claimed > in_progress +rev 7/,
    );
    const wrong = await shell.run("wp", "move", "passkeys/WP01", "done", "--as", "ada");
    expect(wrong).toMatchObject({ code: 6, out: "" });
    expect(wrong.err).toContain(
      "allowed: for_review · planned (--reason) · blocked (--reason) · canceled (--reason)",
    );
    const moved = await shell.json(
      "wp",
      "move",
      "passkeys/WP01",
      "for_review",
      "--as",
      "ada",
      "--evidence",
      "commit=9c1f2ab",
    );
    expect(moved.envelope).toMatchObject({
      schema: "mission-ledger/cli/v1",
      command: "wp.move",
      ok: true,
      warnings: [],
      error: null,
    });
    expect(moved.data).toMatchObject({
      ref: "passkeys/WP01",
      from: "in_progress",
      to: "for_review",
      revision: 11,
      readback: "verified",
    });
    expect((await shell.run("review", "start", "passkeys/WP01", "--as", "ada")).code).toBe(6);
    expect((await shell.run("review", "start", "passkeys/WP01", "--as", "bob")).code).toBe(0);
    expect(
      (
        await shell.run(
          "review",
          "submit",
          "passkeys/WP01",
          "--as",
          "bob",
          "--verdict",
          "approved",
          "--notes",
          "fine",
        )
      ).out,
    ).toContain("moved in_review > approved   review cycle 1");
    expect((await shell.run("rebuild", "--dry-run")).out).toContain(
      "none is written down, would be made from 17 events in 1 mission",
    );
    expect((await shell.run("verify")).code).toBe(0);
    expect((await shell.run("board")).out).toContain("+ WP01");
    expect((await shell.run("doctor")).out).toContain(
      "passkeys/WP02 has never been claimed   mled wp claim passkeys/WP02",
    );
  });

  test("a claim whose lease is over is recovered by an explicit command, and its late writes are refused", async () => {
    const shell = await planned();
    await shell.run("wp", "claim", "p/WP01", "--as", "ada", "--lease", "10m");
    expect((await shell.run("wp", "recover", "p/WP01", "--reason", "gone", "--as", "bob")).code).toBe(5);
    expect((await shell.run("wp", "renew", "p/WP01", "--as", "ada", "--lease", "20m")).code).toBe(0);
    shell.pass(21 * 60_000);
    expect((await shell.run("doctor")).out).toContain('mled wp recover p/WP01 --reason "lease over"');
    expect((await shell.run("wp", "recover", "p/WP01", "--reason", "gone", "--as", "bob")).out).toContain(
      "now planned, free to claim",
    );
    await shell.run("wp", "claim", "p/WP01", "--as", "bob");
    expect(
      (await shell.json("wp", "move", "p/WP01", "in_progress", "--as", "ada", "--fence", "1")).envelope.error,
    ).toMatchObject({ code: "CLAIM_LOST", outcome: "not_written" });
  });

  test("subtasks, notes, release, force and their traces", async () => {
    const shell = await planned();
    expect((await shell.json("wp", "claim", "WP03", "--as", "ada")).data).toMatchObject({
      holder: "ada",
      fence: 1,
      expiresAt: "2026-03-01T14:00:00.000Z",
    });
    await shell.run("wp", "move", "WP03", "in_progress", "--as", "ada");
    const early = await shell.json(
      "wp",
      "move",
      "WP03",
      "for_review",
      "--as",
      "ada",
      "--evidence",
      "file=README.md",
    );
    expect(early.envelope.error).toMatchObject({
      code: "GUARD_FAILED",
      hint: "mark them: mled wp subtask p/WP03 <id>",
    });
    expect((await shell.run("wp", "subtask", "p/WP03", "T1", "--as", "ada")).out).toContain(
      "marked p/WP03 T1 done",
    );
    expect((await shell.run("wp", "subtask", "p/WP03", "T1", "--as", "ada")).out).toContain("nothing to do");
    expect((await shell.run("wp", "subtask", "p/WP03", "T1", "--undo", "--as", "ada")).out).toContain(
      "T1 open",
    );
    expect((await shell.run("wp", "note", "p/WP03", "careful")).code).toBe(0);
    expect(
      (await shell.run("wp", "release", "p/WP03", "--as", "ada", "--reason", "wrong one")).out,
    ).toContain("in_progress > planned");
    expect((await shell.json("wp", "force", "p/WP03", "done", "--reason", "was merged")).data).toMatchObject({
      from: "planned",
      to: "done",
      forceCount: 1,
      overrides: ["no_exit"],
    });
    expect((await shell.run("log", "p/WP03")).out).toContain("forced planned > done: was merged");
    expect((await shell.run("wp", "show", "WP03")).out).toMatch(/forced +1 time$/m);
    expect((await shell.run("board", "--plain")).out).toContain("WP03\tdone\t\t1\tDocs\n");
  });

  test("next gives each who asks another package, and nothing twice under one request id", async () => {
    const shell = await planned();
    const first = await shell.json("next", "--claim", "--as", "ada", "--request-id", "r1");
    expect(first.data.item.ref).toBe("p/WP01");
    const again = await shell.json("next", "--claim", "--as", "ada", "--request-id", "r1");
    expect(again.data).toMatchObject({
      repeated: true,
      revision: first.data.revision,
      item: { ref: "p/WP01", fence: 1 },
    });
    expect((await shell.json("next", "--claim", "--as", "bob")).data.item.ref).toBe("p/WP03");
    expect((await shell.run("next", "--claim", "--as", "eve", "--fail-empty")).code).toBe(9);
    expect((await shell.run("next", "--claim", "--as", "eve")).code).toBe(0);
  });

  test("a retry under one request id is done once, also for a mission and for a numbered package", async () => {
    const shell = session();
    await shell.run("init");
    const create = ["mission", "create", "m", "Title", "--request-id", "a"] as const;
    expect((await shell.json(...create)).data.repeated).toBe(false);
    expect((await shell.json(...create)).data).toMatchObject({ repeated: true, revision: 0 });
    const add = ["wp", "add", "m", "One", "--request-id", "b"] as const;
    const first = await shell.json(...add);
    await shell.run("wp", "add", "m", "Two");
    expect((await shell.json(...add)).data).toMatchObject({
      ref: "m/WP01",
      repeated: true,
      revision: first.data.revision,
    });
    expect(
      (await shell.json("wp", "note", "m/WP01", "other", "--request-id", "b")).envelope.error,
    ).toMatchObject({ code: "COMMAND_ID_REUSED" });
  });

  test("a dry run says what would be written and writes nothing", async () => {
    const shell = await planned();
    const before = (await shell.json("log", "--limit", "0")).data.events.length;
    const dry = await shell.json("wp", "claim", "p/WP01", "--dry-run");
    expect(dry.data).toMatchObject({
      dryRun: true,
      revision: null,
      eventId: null,
      readback: "nothing_written",
      events: ["WorkPackageClaimed", "WorkPackageMoved"],
    });
    expect((await shell.run("wp", "claim", "p/WP01", "--dry-run")).out).toContain(
      "would write WorkPackageMoved",
    );
    expect((await shell.run("wp", "claim", "p/WP02", "--dry-run")).code).toBe(6);
    expect((await shell.run("wp", "claim", "p/WP01", "--dry-run", "--expected-revision", "3")).code).toBe(5);
    expect((await shell.json("log", "--limit", "0")).data.events).toHaveLength(before);
  });

  test("an expected revision that is not there is a conflict", async () => {
    const shell = await planned();
    const answer = await shell.json("wp", "claim", "p/WP01", "--expected-revision", "2");
    expect(answer).toMatchObject({
      code: 5,
      envelope: { error: { code: "REVISION_CONFLICT", retryable: true, outcome: "not_written" } },
    });
    const ends = (await shell.json("board", "p")).data.revision;
    expect((await shell.run("wp", "claim", "p/WP01", "--expected-revision", String(ends))).code).toBe(0);
  });

  test("two shells race for one package, and one wins", async () => {
    const shell = await planned();
    const codes = await Promise.all(
      ["a", "b", "c", "d"].map(
        async (actor) => (await shell.run("wp", "claim", "p/WP01", "--as", actor)).code,
      ),
    );
    expect(codes.sort()).toEqual([0, 5, 5, 5]);
    const numbers = await Promise.all(
      ["x", "y", "z"].map(async (title) => (await shell.json("wp", "add", "p", title)).data.ref),
    );
    expect(new Set(numbers).size).toBe(3);
  });
});

describe("references", () => {
  test("lock the mission they mean, not the way it was typed", async () => {
    const shell = await planned();
    const locks = (): readonly string[] =>
      readdirSync(path.join(shell.directory, ".mission-ledger", "lock"), {
        recursive: true,
        encoding: "utf8",
      })
        .filter((name) => name.includes("mission-"))
        .sort();
    await shell.run("wp", "note", "p/WP01", "whole");
    const before = locks();
    expect(before.length).toBeGreaterThan(0);
    expect((await shell.run("wp", "note", "WP01", "short")).code).toBe(0);
    for (const typed of ["P/WP01", "p /WP01", "./p/WP01", "mission-p/WP01"])
      expect((await shell.run("wp", "note", typed, "x")).code, typed).not.toBe(0);
    expect(locks()).toEqual(before);
  });

  test("a work package may be named alone where only one mission has it", async () => {
    const shell = await planned();
    await shell.run("mission", "create", "q", "Other");
    await shell.run("wp", "add", "q", "Same id", "--id", "WP01");
    expect((await shell.json("wp", "show", "WP03")).data.ref).toBe("p/WP03");
    expect(await shell.json("wp", "show", "WP01")).toMatchObject({
      code: 3,
      envelope: { error: { code: "AMBIGUOUS_REF", details: { missions: ["p", "q"] } } },
    });
    expect(await shell.json("wp", "show", "WP09")).toMatchObject({
      code: 3,
      envelope: { error: { code: "NOT_FOUND" } },
    });
    expect((await shell.json("board")).envelope.error).toMatchObject({ code: "AMBIGUOUS_REF" });
    expect((await shell.json("wp", "show", "p/WP1")).envelope.error).toMatchObject({
      code: "NOT_FOUND",
      hint: "Did you mean p/WP01?",
    });
  });
});

describe("lists", () => {
  test("come in pages, and say how much is hidden", async () => {
    const shell = await planned();
    const first = await shell.json("wp", "list", "--limit", "2");
    expect(first.data.workPackages).toHaveLength(2);
    const second = await shell.json("wp", "list", "--limit", "2", "--cursor", first.data.nextCursor);
    expect(second.data).toMatchObject({ workPackages: [{ ref: "p/WP03" }], nextCursor: null });
    expect((await shell.run("wp", "list", "--limit", "2")).out).toContain("1 more: --cursor 2");
    const log = await shell.json("log", "--limit", "3");
    const rest = await shell.json("log", "--limit", "0", "--cursor", log.data.nextCursor);
    expect(log.data.events.length + rest.data.events.length).toBe(7);
    expect((await shell.json("log", "--newest", "--limit", "1")).data.events[0].revision).toBe(6);
    expect((await shell.run("wp", "list", "--cursor", "x")).code).toBe(2);
  });

  test("records a line end with where they end", async () => {
    const shell = await planned();
    const records = (await shell.run("log", "p", "--jsonl")).out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(records.at(-1)).toEqual({ type: "end", position: records.at(-2).position });
    expect(records[0]).toMatchObject({ type: "event", event: "MissionCreated", mission: "p" });
    expect((await shell.run("wp", "list", "--jsonl")).code).toBe(2);
    expect(JSON.parse((await shell.run("log", "nope", "--jsonl")).out)).toMatchObject({
      type: "error",
      error: { code: "NOT_FOUND" },
    });
  });

  test("filters by lane and holder", async () => {
    const shell = await planned();
    await shell.run("wp", "claim", "p/WP01", "--as", "ada");
    expect((await shell.json("wp", "list", "--lane", "claimed")).data.workPackages).toHaveLength(1);
    expect((await shell.json("wp", "list", "p", "--holder", "ada")).data.workPackages[0]).toMatchObject({
      ref: "p/WP01",
      holder: "ada",
    });
    expect((await shell.run("wp", "list", "--lane", "blocked", "--fail-empty")).code).toBe(9);
  });
});

describe("watch", () => {
  test("shows what comes, from where it is told", async () => {
    const shell = await planned();
    const first = (await shell.json("log", "--limit", "1")).data.events[0].position;
    const watched = await shell.run("watch", "p", "--after", first, "--limit", "2", "--jsonl");
    expect(
      watched.out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).type),
    ).toEqual(["event", "event", "end"]);
    expect((await shell.json("watch", "--for", "1ms")).data).toMatchObject({ events: [] });
  });

  test("an interrupt ends it with 130", async () => {
    const shell = await planned();
    const stop = new AbortController();
    const world = shell.io({ signal: stop.signal });
    const { runLedger } = await import("./cli.ts");
    const running = runLedger(["watch"], world);
    setTimeout(() => stop.abort(), 20);
    expect(await running).toBe(130);
  });
});

describe("the table", () => {
  test("names, flags and schemas are sound", () => {
    expect(new Set(commands.map(({ name }) => name)).size).toBe(commands.length);
    for (const spec of commands) {
      const names = [...spec.arguments, ...spec.flags].map(({ name }) => name);
      expect(new Set(names).size, spec.name).toBe(names.length);
      expect(spec.inputSchema).toMatchObject({ type: "object", additionalProperties: false });
      expect(Object.keys(spec.inputSchema.properties as object)).toEqual(names);
      expect(spec.examples.length).toBeGreaterThan(0);
      if (spec.writes) expect(names, spec.name).toContain("dryRun");
    }
    expect(commands.filter(({ common }) => common)).toHaveLength(13);
  });
});
