import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { runCommand, runLedger } from "./cli.ts";
import { openLedger } from "./index.ts";
import { planned, session } from "./testing/session.ts";

describe("a flag's missing value", () => {
  test("does not swallow the next flag: a look never becomes a write", async () => {
    const shell = await planned();
    const log = path.join(shell.directory, ".mission-ledger", "log", "mission-p.jsonl");
    const before = readFileSync(log, "utf8");
    const forced = await shell.run("wp", "force", "p/WP01", "done", "--as", "zed", "--reason", "--dry-run");
    expect(forced).toMatchObject({ code: 2, out: "" });
    expect(forced.err).toContain("USAGE: --reason needs a value");
    const claimed = await shell.run("wp", "claim", "p/WP01", "--as", "--json");
    expect(claimed.code).toBe(2);
    expect(JSON.parse(claimed.out).error).toMatchObject({ code: "USAGE", message: "--as needs a value" });
    for (const swallowed of ["--ledger", "-C", "--request-id"])
      expect((await shell.run("wp", "note", "p/WP01", "text", "--as", swallowed)).code).toBe(2);
    expect((await shell.run("wp", "list", "--ledger", "--plain")).code).toBe(2);
    expect(readFileSync(log, "utf8")).toBe(before);
  });

  test("is refused for hosts too", async () => {
    const { exit, envelope } = await runCommand("wp.claim", { ref: "p/WP01", as: "--dry-run" }, { cwd: "." });
    expect([exit, envelope.error?.message]).toEqual([2, "--as needs a value"]);
  });
});

describe("what is not there", () => {
  test("a folder given with -C has to exist, and is not made", async () => {
    const shell = session();
    expect((await shell.json("init", "-C", "nowhere")).envelope.error?.code).toBe("USAGE");
    expect(existsSync(path.join(shell.directory, "nowhere"))).toBe(false);
  });

  test("a blank path is no path, and the folder one is in becomes no ledger", async () => {
    const shell = session();
    for (const [flag, said] of [
      ["--ledger", "--ledger"],
      ["-C", "-C"],
      ["--cwd", "-C"],
    ] as const)
      for (const blank of ["", " "])
        expect(await shell.json("init", flag, blank)).toMatchObject({
          code: 2,
          envelope: { error: { code: "USAGE", message: `${said}: "${blank}" is not a path` } },
        });
    await expect(openLedger({ directory: "", actor: "ada" })).rejects.toThrow(TypeError);
    expect(readdirSync(shell.directory)).toEqual([]);
  });

  test("an import that finds nothing says so and makes no ledger", async () => {
    const shell = session();
    writeFileSync(path.join(shell.directory, "file"), "");
    mkdirSync(path.join(shell.directory, "empty"));
    for (const given of ["file", "empty", "nowhere"])
      expect(await shell.json("import", "spec-kitty", given, "--ledger", "plan")).toMatchObject({
        code: 3,
        envelope: { error: { code: "NOT_FOUND" } },
      });
    expect(existsSync(path.join(shell.directory, "plan"))).toBe(false);
  });

  test("unknown packages, positions and revisions are errors", async () => {
    const shell = await planned();
    const code = async (...argv: readonly string[]) => (await shell.json(...argv)).envelope.error?.code;
    expect(await code("log", "p/WP99")).toBe("NOT_FOUND");
    expect(await code("watch", "p/WP99", "--for", "1ms")).toBe("NOT_FOUND");
    expect(await code("log", "--cursor", "zzz")).toBe("USAGE");
    expect(await code("watch", "--after", "zzz", "--for", "1ms")).toBe("USAGE");
    expect(await code("board", "p", "--at", "9999")).toBe("USAGE");
    expect((await shell.json("board", "p", "--at", "1")).code).toBe(0);
    const { position } = (await shell.json("log", "--limit", "0")).data.events.at(-1);
    expect((await shell.json("log", "--cursor", position)).data.events).toEqual([]);
    expect((await shell.json("watch", "--after", "0", "--limit", "1")).data.events).toHaveLength(1);
  });

  test("what nobody has is told with where to look", async () => {
    const shell = session();
    await shell.run("init");
    const hint = async (...argv: readonly string[]) => {
      const { code, envelope } = await shell.json(...argv);
      return [code, envelope.error?.message, envelope.error?.hint];
    };
    expect(await hint("board")).toEqual([
      3,
      "there is no mission in this ledger yet",
      'make one: mled mission create <slug> "<title>"',
    ]);
    for (const slug of ["east", "west"]) await shell.run("mission", "create", slug, slug);
    expect(await hint("board")).toEqual([3, "there are 2 missions; say which one", "Say which: east, west."]);
    for (const argv of [["board"], ["verify"], ["wp", "list"], ["archive"]])
      expect(await hint(...argv, "zzzzz"), argv.join(" ")).toEqual([
        3,
        "there is no mission zzzzz",
        "look: mled mission list",
      ]);
    expect(await hint("wp", "claim", "WP09")).toEqual([
      3,
      "no mission has a work package WP09",
      "look: mled wp list",
    ]);
    expect(await hint("wp", "claim", "west")).toEqual([
      3,
      "west is a mission, and no work package",
      "look: mled wp list west",
    ]);
    expect(await hint("explain", "zzzzz", "title")).toEqual([
      3,
      "there is neither a mission nor a work package zzzzz",
      "look: mled wp list",
    ]);
    expect(await hint("copy", "file:.mission-ledger", "file:other", "--mission", "zzzzz")).toEqual([
      3,
      "the source has no mission zzzzz",
      "look: mled mission list --store file:.mission-ledger",
    ]);
  });

  test("wrong usage names the help of its command", async () => {
    const shell = session();
    for (const argv of [
      ["wp", "move", "p/WP01"],
      ["wp", "move", "p/WP01", "done", "--bogus"],
    ])
      expect((await shell.json(...argv)).envelope.error?.hint).toBe("mled help wp move");
    expect((await shell.json("wp", "move", "p/WP01", "done", "--reasn", "x")).envelope.error?.hint).toBe(
      "Did you mean --reason?",
    );
  });

  test("blank notes are refused before anything is written", async () => {
    const shell = await planned();
    const world = shell.io();
    const argv = ["review", "submit", "p/WP01", "--verdict", "approved", "--notes-file", "-", "--json"];
    expect(await runLedger(argv, world)).toBe(2);
    expect(JSON.parse(world.text().out).error.message).toContain("blank");
  });

  test("a ledger in a folder that git's own place hides is named", async () => {
    const shell = await planned();
    for (const folder of [".git/objects", ".git/refs", "sub"])
      mkdirSync(path.join(shell.directory, folder), { recursive: true });
    writeFileSync(path.join(shell.directory, ".git/HEAD"), "ref: refs/heads/main\n");
    const hidden = path.join(shell.directory, ".mission-ledger");
    const { envelope, code } = await shell.json("wp", "list", "-C", "sub");
    expect([code, envelope.error?.code]).toEqual([3, "LEDGER_NOT_FOUND"]);
    expect(envelope.error?.message).toContain(hidden);
    expect(envelope.error?.hint).toContain(`--ledger ${hidden}`);
    expect((await shell.json("where")).data).toMatchObject({ exists: false, elsewhere: hidden });
    expect((await shell.run("where")).out).toContain(`--ledger ${hidden}`);
  });
});

describe("output", () => {
  test("a receipt that cannot be printed is told with its command id", async () => {
    const shell = await planned();
    const full = {
      write: () => {
        throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
      },
    };
    const world = shell.io({ stdout: full });
    expect(await runLedger(["wp", "claim", "p/WP01", "--request-id", "r-1"], world)).toBe(1);
    expect(world.text().err).toMatch(/OUTPUT_FAILED.*\n {2}it was written; .*--request-id r-1/);
    expect((await shell.json("wp", "show", "p/WP01")).data.lane).toBe("claimed");
    const dry = shell.io({ stdout: full });
    await runLedger(["wp", "add", "p", "More", "--dry-run"], dry);
    expect(dry.text().err).not.toContain("it was written");
  });

  test("a plain log is separated by tabs", async () => {
    const shell = await planned();
    const [first = ""] = (await shell.run("log", "--plain")).out.split("\n");
    expect(first.split("\t")).toEqual(["2026-03-01T10:00:00.000Z", "p", expect.any(String), "tester", "0"]);
  });

  test("completion skips the values of flags that every command has", async () => {
    const { out } = await session().run("completion", "bash");
    expect(out).toContain("-C|--cwd|--ledger|--store|--sync-to) ((index++)) ;;");
  });

  test("an interrupted watch prints what it saw", async () => {
    const shell = await planned();
    for (const [flag, last] of [
      ["--json", { ok: false, error: { code: "INTERRUPTED", outcome: null } }],
      ["--jsonl", { type: "end", position: expect.any(String) }],
    ] as const) {
      /** How much is seen before the interrupt is for the machine to say. */
      const seenWithin = async (milliseconds: number): Promise<number> => {
        const stop = new AbortController();
        const world = shell.io({ signal: stop.signal });
        const running = runLedger(["watch", "--after", "0", flag], world);
        setTimeout(() => stop.abort(), milliseconds);
        expect(await running).toBe(130);
        const records = world.text().out.trimEnd().split("\n");
        const document = JSON.parse(records.at(-1) as string);
        expect(document).toMatchObject(last);
        return (flag === "--json" ? document.data.events : records.slice(0, -1)).length;
      };
      let seen = 0;
      for (let within = 50; seen < 7 && within < 60_000; within *= 4) seen = await seenWithin(within);
      expect(seen).toBe(7);
    }
  });

  test("half a character is wrong usage, wherever a program hands it over", async () => {
    const shell = await planned();
    const run = (name: string, input: Record<string, unknown>) =>
      runCommand(name, input, { cwd: shell.directory, actor: "tester" });
    for (const [name, input] of [
      ["mission.show", { slug: "\ud800" }],
      ["wp.add", { mission: "p", title: "T", subtasks: [{ id: "T1", title: "\ud800" }] }],
      ["wp.note", { ref: "p/WP01", text: "\ud800" }],
    ] as const)
      expect((await run(name, input)).envelope.error, name).toMatchObject({ code: "USAGE" });
  });
});
