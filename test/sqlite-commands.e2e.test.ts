/** The real command on a SQLite database: envelopes and exit codes, races, kills, damage and what is said of it. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { crc32 } from "node:zlib";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { program as bin, buildFirst } from "../packages/cli/src/testing/built-program.ts";

const repository = path.resolve(import.meta.dirname, "..");

buildFirst();

interface Envelope {
  readonly ok: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: what a command prints is read here as any program would read it
  readonly data: any;
  readonly warnings: readonly string[];
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
    readonly outcome: string | null;
    readonly details: Readonly<Record<string, unknown>>;
  } | null;
}

const store = "sqlite:plan.db";
const environment = {
  PATH: process.env.PATH ?? "",
  MISSION_LEDGER_ACTOR: "ada",
  MISSION_LEDGER_STORE: store,
};

const here = (): string => {
  const cwd = mkdtempSync(path.join(tmpdir(), "mission-ledger-sqlite-"));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  return cwd;
};

const mled = (cwd: string, ...argv: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...argv], {
    cwd,
    env: environment,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { status, stdout, stderr };
};

const mledJson = (
  cwd: string,
  ...argv: readonly string[]
): { readonly status: number | null } & Pick<Envelope, "data" | "error" | "ok" | "warnings"> => {
  const { status, stdout, stderr } = mled(cwd, ...argv, "--json");
  if (stderr !== "") throw new Error(`mled ${argv.join(" ")}: ${stderr}`);
  return { status, ...(JSON.parse(stdout) as Envelope) };
};

/** The command in a process of its own that goes on beside this one. */
const begin = (cwd: string, ...argv: readonly string[]) => {
  const child = spawn(process.execPath, [bin, ...argv], { cwd, env: environment, stdio: "ignore" });
  return { child, ended: new Promise<number | null>((resolve) => child.once("close", resolve)) };
};

const withMission = (): string => {
  const cwd = here();
  for (const argv of [
    ["init"],
    ["mission", "create", "p", "Passkeys"],
    ["wp", "add", "p", "One", "--id", "WP01"],
    ["wp", "add", "p", "Two", "--id", "WP02"],
  ])
    expect(mled(cwd, ...argv)).toMatchObject({ status: 0, stderr: "" });
  return cwd;
};

interface Database {
  exec(sql: string): void;
  pragma(text: string, options: { readonly simple: true }): unknown;
  prepare(sql: string): { all(): readonly unknown[] };
  close(): void;
}

const inDatabase = <A>(cwd: string, task: (db: Database) => A): A => {
  const Driver = createRequire(path.join(repository, "packages/store-sqlite/package.json"))(
    "better-sqlite3",
  ) as new (
    file: string,
  ) => Database;
  const db = new Driver(path.join(cwd, "plan.db"));
  try {
    return task(db);
  } finally {
    db.close();
  }
};

/** A hand that goes past the triggers, and puts them back. */
const tamper = (cwd: string, sql: string): void =>
  inDatabase(cwd, (db) => {
    const triggers = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all() as {
      name: string;
      sql: string;
    }[];
    for (const { name } of triggers) db.exec(`DROP TRIGGER "${name}"`);
    db.exec(sql);
    for (const trigger of triggers) db.exec(trigger.sql);
  });

const isSound = (cwd: string): void => {
  expect(mledJson(cwd, "verify")).toMatchObject({
    status: 0,
    ok: true,
    data: { chain: { unbroken: true }, problems: [] },
  });
  expect(inDatabase(cwd, (db) => db.pragma("integrity_check", { simple: true }))).toBe("ok");
};

describe.skipIf(!inject("sqlite"))("the program on a SQLite database", () => {
  test("goes the common way, with receipts, refusals and exit codes as on files", () => {
    const cwd = withMission();
    expect(statSync(path.join(cwd, "plan.db")).mode & 0o777).toBe(0o600);
    const claimed = mledJson(cwd, "wp", "claim", "p/WP01");
    expect(claimed).toMatchObject({ status: 0, ok: true, data: { readback: "verified", fence: 1 } });
    expect(mledJson(cwd, "wp", "claim", "p/WP01", "--as", "bob")).toMatchObject({
      status: 5,
      ok: false,
      data: null,
      error: { code: "CLAIM_HELD", outcome: "not_written", details: { holder: "ada" } },
    });
    expect(mledJson(cwd, "wp", "move", "p/WP01", "done")).toMatchObject({
      status: 6,
      error: { code: "TRANSITION_REJECTED" },
    });
    expect(mledJson(cwd, "wp", "move", "p/WP01", "in_progress").data.readback).toBe("verified");
    expect(mledJson(cwd, "wp", "move", "p/WP01", "for_review", "--evidence", "commit=9c1f2ab").status).toBe(
      0,
    );
    expect(mledJson(cwd, "review", "start", "p/WP01").error?.code).toBe("SELF_REVIEW");
    expect(mledJson(cwd, "review", "start", "p/WP01", "--as", "bob").status).toBe(0);
    expect(
      mledJson(cwd, "review", "submit", "p/WP01", "--as", "bob", "--verdict", "approved").data,
    ).toMatchObject({ readback: "verified" });
    expect(mled(cwd, "board", "p").stdout).toContain("APPROVED 1");
    expect(mledJson(cwd, "wp", "show", "p/WP09").status).toBe(3);
    expect(mledJson(cwd, "wp", "nope").status).toBe(2);
    expect(mledJson(cwd, "board", "p", "--store", "sqlite:elsewhere.db")).toMatchObject({
      status: 3,
      error: { code: "LEDGER_NOT_FOUND" },
    });
    const { data } = mledJson(cwd, "verify");
    expect(data).toMatchObject({
      ledger: path.join(cwd, "plan.db"),
      database: { path: path.join(cwd, "plan.db") },
      digests: { checked: data.totals.events, equal: data.totals.events },
      views: { equal: data.views.compared },
    });
    expect(data.totals.records).toBe(data.database.commands);
    expect(data.views.compared).toBeGreaterThan(0);
    expect(mledJson(cwd, "doctor")).toMatchObject({ status: 0, data: { missions: 1 } });
    expect(mledJson(cwd, "rebuild")).toMatchObject({ status: 0 });
    isSound(cwd);
  });

  test("ten processes that race for one claim get one winner, round after round", async () => {
    const cwd = withMission();
    const racers = Array.from({ length: 10 }, (_, index) => `racer-${index}`);
    for (const ref of ["p/WP01", "p/WP02"]) {
      const codes = await Promise.all(
        racers.map((name) => begin(cwd, "wp", "claim", ref, "--as", name).ended),
      );
      expect(codes.toSorted()).toEqual([0, ...racers.slice(1).map(() => 5)]);
      const winner = racers[codes.indexOf(0)];
      expect(mledJson(cwd, "wp", "show", ref).data.claim.holder).toBe(winner);
    }
    isSound(cwd);
  });

  test("what was killed with -9 anywhere happens once when it is asked again under its request id", async () => {
    const cwd = withMission();
    const rounds = 24;
    let killed = 0;
    const ids: string[] = [];
    const plain = performance.now();
    mled(cwd, "wp", "note", "p/WP01", "measured");
    const usual = performance.now() - plain;
    for (let round = 0; round < rounds; round += 1) {
      const id = `5c3a1f60-0000-4000-8000-${String(round).padStart(12, "0")}`;
      ids.push(id);
      const note = ["wp", "note", "p/WP01", `note ${round}`, "--request-id", id];
      const { child, ended } = begin(cwd, ...note);
      // From before it has begun to after it has ended.
      const death = setTimeout(() => child.kill("SIGKILL"), (usual * 1.2 * round) / rounds);
      if ((await ended) === null) killed += 1;
      clearTimeout(death);
      expect(mledJson(cwd, ...note)).toMatchObject({ status: 0, data: { readback: "verified" } });
    }
    expect(killed).toBeGreaterThan(0);
    const found = inDatabase(cwd, (db) =>
      db.prepare("SELECT command_id AS id, count(*) AS n FROM commands GROUP BY command_id").all(),
    ) as readonly { readonly id: string; readonly n: number }[];
    const counts = new Map(found.map(({ id, n }) => [id, n]));
    expect(ids.map((id) => counts.get(id))).toEqual(ids.map(() => 1));
    isSound(cwd);
  });
});

describe.skipIf(!inject("sqlite"))("a damaged database", () => {
  const rowsLost = "Write nothing to the database, and keep it;";
  const rowsWhole = "Its rows are whole, and a copy makes the rest anew from them.";
  const firstProblem = (cwd: string, command: string, hint = rowsLost) => {
    const { status, data, error } = mledJson(cwd, command);
    expect(status).toBe(8);
    expect(error?.hint?.slice(0, hint.length)).toBe(hint);
    expect(error?.hint).toMatch(/then: mled verify$/);
    return { data, error };
  };

  test.each([
    [
      "a row that was changed without its checksum",
      "UPDATE events SET data = replace(data, 'Two', 'Ten') WHERE position = 4",
      { stream: "mission-p", revision: 3 },
      rowsLost,
    ],
    [
      "an actor that was changed",
      "UPDATE commands SET actor = 'eve' WHERE position = 1",
      { stream: "mission-p" },
      rowsLost,
    ],
    ["a row that is gone", "DELETE FROM events WHERE position = 3", { stream: "mission-p" }, rowsLost],
    ["the last rows gone", "DELETE FROM events WHERE position > 3", { stream: "" }, rowsLost],
    ["a table that is nobody's", "CREATE TABLE stray (a)", { stream: "" }, rowsWhole],
  ])("with %s is told by verify and doctor, and never called fine", (_, sql, problem, hint) => {
    const cwd = withMission();
    tamper(cwd, sql);
    const { data, error } = firstProblem(cwd, "verify", hint);
    expect(error?.code).toBe("LOG_CORRUPT");
    expect(data.ok).toBe(false);
    expect(data.problems[0]).toMatchObject({ code: "LOG_CORRUPT", ...problem });
    const doctor = firstProblem(cwd, "doctor", hint);
    expect(doctor.data.findings[0]).toMatchObject({ severity: "damage", kind: "LOG_CORRUPT" });
    expect(mled(cwd, "doctor").stdout).not.toContain("ok  ");
    expect(mled(cwd, "repair", "p")).toMatchObject({ status: 2, stdout: "" });
  });

  test("with an event that was changed and sealed again is found by its digest", () => {
    const cwd = withMission();
    const columns = "position, command, stream, revision, id, type, version, data, digest";
    const [row] = inDatabase(cwd, (db) =>
      db.prepare(`SELECT ${columns} FROM events WHERE position = 4`).all(),
    ) as [Record<string, unknown>];
    const data = String(row.data).replace("Two", "Ten");
    const crc = crc32(Object.values({ ...row, data }).join("\n"));
    tamper(cwd, `UPDATE events SET data = '${data}', crc = ${crc} WHERE position = 4`);
    const { data: told, error } = firstProblem(cwd, "verify");
    expect(error).toMatchObject({ code: "LOG_CORRUPT", details: { stream: "mission-p", revision: 3 } });
    expect(told.digests.equal).toBe(told.digests.checked - 1);
  });

  test("takes no writes behind the damage, and reading says what is wrong", () => {
    const cwd = withMission();
    tamper(cwd, "UPDATE events SET data = replace(data, 'Two', 'Ten') WHERE position = 4");
    expect(mledJson(cwd, "wp", "claim", "p/WP01")).toMatchObject({
      status: 8,
      error: { code: "LOG_CORRUPT", outcome: "not_written" },
    });
    expect(mledJson(cwd, "board", "p").status).toBe(8);
    // Lists show what they can, and say of the rest what is wrong with it and what to run.
    for (const list of [["mission", "list"], ["ready"]])
      expect(mledJson(cwd, ...list).warnings.join("\n")).toMatch(
        /^LOG_CORRUPT: .* p .*next: mled verify p$/m,
      );
  });

  test("with broken pages is told, not crashed on", () => {
    const cwd = withMission();
    const file = path.join(cwd, "plan.db");
    expect(existsSync(`${file}-wal`)).toBe(false);
    writeFileSync(file, readFileSync(file).fill(0x5a, 4_096));
    for (const command of ["verify", "doctor"]) {
      const { status, error } = mledJson(cwd, command);
      expect(status).toBe(8);
      expect(error?.code).toBe("LOG_CORRUPT");
    }
    expect(mledJson(cwd, "wp", "claim", "p/WP01")).toMatchObject({
      status: 8,
      error: { code: "LOG_CORRUPT", outcome: "not_written" },
    });
  });

  test("that was emptied, or stands where a later one stood, is found by what was remembered", () => {
    const cwd = withMission();
    const file = path.join(cwd, "plan.db");
    expect(mled(cwd, "rebuild").status).toBe(0);
    const before = readFileSync(file);
    mled(cwd, "wp", "note", "p/WP01", "later");
    expect(mled(cwd, "rebuild").status).toBe(0);
    for (const content of [before, ""]) {
      writeFileSync(file, content);
      for (const command of ["verify", "doctor"])
        expect(firstProblem(cwd, command).error?.code, command).toBe("LOG_REPLACED");
    }
    // Another mission in its place would hide that for ever.
    expect(mledJson(cwd, "mission", "create", "p", "Another")).toMatchObject({
      status: 8,
      error: { code: "LOG_REPLACED", outcome: "not_written" },
    });
    expect(statSync(file).size).toBe(0);
    rmSync(`${file}-cache`);
    expect(mledJson(cwd, "mission", "create", "p", "Another").status).toBe(0);
  });

  test("without a trigger is told, since rows could be changed unseen", () => {
    const cwd = withMission();
    inDatabase(cwd, (db) => db.exec("DROP TRIGGER events_no_delete"));
    const { error } = firstProblem(cwd, "verify", rowsWhole);
    expect(error?.message).toContain("trigger events_no_delete is missing");
  });
});
