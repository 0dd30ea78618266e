import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { runLedger } from "./cli.ts";
import { abortsAtAsk } from "./testing/interrupting-signal.ts";
import { session } from "./testing/session.ts";

const row = (id: string, from: string, to: string, at: string): string =>
  JSON.stringify({
    actor: "claude",
    at,
    event_id: id,
    evidence: null,
    execution_mode: "worktree",
    feature_slug: "001-a",
    force: false,
    from_lane: from,
    reason: null,
    review_ref: null,
    to_lane: to,
    wp_id: "WP01",
  });

const log = `${row("01AAAAAAAAAAAAAAAAAAAAAAAA", "planned", "claimed", "2026-01-01T00:00:00+00:00")}\n${row("01AAAAAAAAAAAAAAAAAAAAAAAB", "claimed", "in_progress", "2026-01-01T00:01:00+00:00")}\n`;

const folder = (directory: string, name: string, content: string | Uint8Array): string => {
  const made = path.join(directory, name);
  mkdirSync(made, { recursive: true });
  writeFileSync(path.join(made, "status.events.jsonl"), content);
  return made;
};

describe("Spec Kitty missions", () => {
  test("come in with their history, are proven, moved on, and go out byte for byte", async () => {
    const shell = session();
    const specs = path.join(shell.directory, "project", "kitty-specs");
    folder(specs, "001-a", log);
    folder(specs, "002-bytes", Buffer.from([0xff, 0xfe, 0x0a, 0x00, 0x80]));
    mkdirSync(path.join(specs, "003-empty"));
    const first = await shell.json("import", "spec-kitty", "project", "--ledger", "plan");
    expect(first).toMatchObject({
      code: 0,
      envelope: { ok: true, warnings: [expect.stringContaining("003-empty")] },
    });
    expect(first.data.missions[0]).toMatchObject({
      slug: "001-a",
      missionId: expect.any(String),
      rows: 2,
      transitions: 2,
      annotations: 0,
      workPackages: {
        WP01: { lane: "in_progress", forceCount: 0, lastEventId: "01AAAAAAAAAAAAAAAAAAAAAAAB" },
      },
      error: null,
    });
    const again = await shell.json("import", "spec-kitty", "project", "--ledger", "plan");
    expect(again.data.missions[0]).toMatchObject({ written: 0, rows: 2 });
    expect((await shell.run("export", "spec-kitty", "001-a", "--ledger", "plan")).out).toBe(log);
    const bytes: Uint8Array[] = [];
    const world = shell.io({
      stdout: { write: (chunk) => bytes.push(Buffer.from(chunk as Uint8Array)) > 0 },
    });
    await runLedger(["export", "spec-kitty", "002-bytes", "--ledger", "plan"], world);
    expect([...Buffer.concat(bytes)]).toEqual([0xff, 0xfe, 0x0a, 0x00, 0x80]);
    expect((await shell.json("export", "spec-kitty", "002-bytes", "--ledger", "plan")).data).toMatchObject({
      encoding: "base64",
      text: "//4KAIA=",
    });
    const proven = await shell.json("verify", "--ledger", "plan");
    expect(proven).toMatchObject({ code: 0, data: { ok: true, chain: { unbroken: true } } });
    expect(proven.data.digests.equal).toBe(proven.data.digests.checked);
    await shell.run("wp", "claim", "001-a/WP01", "--ledger", "plan");
    expect(
      (
        await shell.run(
          "wp",
          "move",
          "001-a/WP01",
          "for_review",
          "--evidence",
          "commit=abcdef1",
          "--ledger",
          "plan",
        )
      ).code,
    ).toBe(0);
    const exported = (await shell.run("export", "spec-kitty", "001-a", "--ledger", "plan")).out;
    expect(exported.startsWith(log)).toBe(true);
    expect(exported.length).toBeGreaterThan(log.length);
  });

  test("one bad folder does not stop the others, and the exit code tells", async () => {
    const shell = session();
    const [good, other] = [
      folder(shell.directory, "a/001-a", log),
      folder(shell.directory, "b/001-a", `${log}\n`),
    ];
    const { code, envelope, data } = await shell.json(
      "import",
      "spec-kitty",
      good,
      other,
      "nowhere",
      folder(shell.directory, "c/002-c", log),
      "--ledger",
      "plan",
    );
    expect(code).toBe(6);
    expect(envelope).toMatchObject({ ok: false, error: { code: "ALREADY_EXISTS" } });
    expect(
      data.missions.map((mission: { error: { code: string } | null }) => mission.error?.code ?? null),
    ).toEqual([null, "ALREADY_EXISTS", "NOT_FOUND", null]);
  });

  test("a dry run reads and makes nothing", async () => {
    const shell = session();
    folder(shell.directory, "001-a", log);
    expect(
      (await shell.json("import", "spec-kitty", "001-a", "--dry-run", "--ledger", "plan")).data.missions[0]
        .rows,
    ).toBe(2);
    expect(readdirSync(shell.directory)).toEqual(["001-a"]);
  });
});

describe("damage", () => {
  const damaged = async (harm: (bytes: Buffer) => Buffer) => {
    const shell = session();
    await shell.run("init", "--ledger", "plan");
    await shell.run("mission", "create", "p", "Title", "--ledger", "plan");
    for (const title of ["one", "two", "three"]) await shell.run("wp", "add", "p", title, "--ledger", "plan");
    const file = path.join(shell.directory, "plan", "log", "mission-p.jsonl");
    writeFileSync(file, harm(readFileSync(file)));
    return { shell, file };
  };

  test("a changed byte is found, named, and changed by nobody", async () => {
    const { shell, file } = await damaged((bytes) =>
      Buffer.from(bytes.toString("latin1").replace("two", "owt"), "latin1"),
    );
    const before = createHash("sha256").update(readFileSync(file)).digest("hex");
    const { code, envelope, data } = await shell.json("verify", "--ledger", "plan");
    expect(code).toBe(8);
    expect(envelope.error).toMatchObject({ code: "LOG_CORRUPT" });
    expect(data).toMatchObject({ ok: false, chain: { unbroken: false } });
    expect(
      data.problems.some(
        (problem: { stream: string; offset: number | null }) =>
          problem.stream === "mission-p" && (problem.offset ?? 0) > 0,
      ),
    ).toBe(true);
    expect((await shell.run("doctor", "--ledger", "plan")).code).toBe(8);
    expect((await shell.run("verify", "--ledger", "plan")).err).toMatch(
      /^LOG_CORRUPT: .*mission-p.*offset \d+/,
    );
    expect(createHash("sha256").update(readFileSync(file)).digest("hex")).toBe(before);
  });

  test("a torn tail is a note, and the next write seals it", async () => {
    const { shell } = await damaged((bytes) => bytes.subarray(0, -5));
    expect((await shell.json("verify", "--ledger", "plan")).envelope).toMatchObject({
      ok: true,
      warnings: [expect.stringContaining("unfinished record")],
    });
    expect((await shell.run("doctor", "--ledger", "plan")).out).toContain("the next write seals them");
    expect((await shell.run("wp", "add", "p", "again", "--ledger", "plan")).code).toBe(0);
    expect((await shell.json("verify", "--ledger", "plan")).envelope).toMatchObject({
      ok: true,
      warnings: [],
    });
  });

  test("a view that differs is found, and rebuild mends it", async () => {
    const { shell } = await damaged((bytes) => bytes);
    await shell.run("rebuild", "--ledger", "plan");
    const { fileSnapshots } = await import("@mission-ledger/store-file");
    const { board } = await import("@mission-ledger/core/mission");
    const snapshots = fileSnapshots({ directory: path.join(shell.directory, "plan") });
    const key = { stream: "mission-p", name: board.name, version: board.version };
    const kept = (await snapshots.load(key)) as NonNullable<Awaited<ReturnType<typeof snapshots.load>>>;
    await snapshots.save(key, { ...kept, state: { ...(kept.state as object), title: "Other" } });
    expect(await shell.json("rebuild", "--dry-run", "--ledger", "plan")).toMatchObject({
      code: 8,
      envelope: {
        error: {
          code: "PROJECTION_DRIFT",
          hint: "Mend them: mled rebuild --ledger plan",
          details: { views: [{ mission: "p", view: "board", path: "title" }] },
        },
      },
    });
    expect((await shell.run("verify", "--ledger", "plan")).code).toBe(8);
    expect((await shell.json("rebuild", "--ledger", "plan")).envelope.warnings).toEqual([
      "p: board differed at title; mended",
    ]);
    expect((await shell.run("verify", "--ledger", "plan")).code).toBe(0);
  });

  test("that were interrupted anywhere say so, and come in whole when asked again", async () => {
    let written = 0;
    for (let last = 1; ; last += 1) {
      const shell = session();
      folder(shell.directory, "001-a", log);
      const world = shell.io({ signal: abortsAtAsk(last) });
      const code = await runLedger(["import", "spec-kitty", "001-a", "--ledger", "plan", "--json"], world);
      if (code === 0) break;
      expect(code).toBe(130);
      const { error } = JSON.parse(world.text().out);
      expect(error).toMatchObject({ code: "INTERRUPTED", outcome: "unknown" });
      const { data } = await shell.json("log", "--ledger", "plan");
      written += data.events.length;
      expect(await shell.run("import", "spec-kitty", "001-a", "--ledger", "plan")).toMatchObject({ code: 0 });
      expect((await shell.run("export", "spec-kitty", "001-a", "--ledger", "plan")).out).toBe(log);
    }
    expect(written).toBeGreaterThan(0);
  });
});
