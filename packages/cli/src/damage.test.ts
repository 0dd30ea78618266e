import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type EventStore, openMemoryStore } from "@mission-ledger/core";
import { ledgerOver } from "@mission-ledger/core/mission";
import { describe, expect, test } from "vitest";
import { runCommand } from "./cli.ts";
import { planned, type Session } from "./testing/session.ts";

const inLedger = (shell: Session, ...parts: readonly string[]): string =>
  path.join(shell.directory, ".mission-ledger", ...parts);
const logOf = (shell: Session, slug: string): string => inLedger(shell, "log", `mission-${slug}.jsonl`);

const forgetCache = (shell: Session): void =>
  rmSync(inLedger(shell, "cache"), { recursive: true, force: true });

/** Mission `p` lacks a record in its middle; mission `z` is sound. */
const withGap = async (): Promise<Session> => {
  const shell = await planned();
  await shell.run("mission", "create", "z", "Other");
  await shell.run("wp", "add", "z", "Sound");
  const lines = readFileSync(logOf(shell, "p"), "utf8").split("\n");
  const broken = (lines[1] as string).replace("Login", "L0gin");
  forgetCache(shell);
  writeFileSync(logOf(shell, "p"), [lines[0], broken, ...lines.slice(2)].join("\n"));
  return shell;
};

const snapshotsOf = (shell: Session): Readonly<Record<string, string>> => {
  const folder = inLedger(shell, "cache", "snapshots");
  if (!existsSync(folder)) return {};
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), "utf8")]),
  );
};

const incomplete = "LOG_CORRUPT: the log of p lacks events; what you see is incomplete; next: mled repair p";

describe("a log that lacks events", () => {
  test("is not rebuilt from: nothing is written and nobody is told to mend", async () => {
    const shell = await planned();
    await shell.run("rebuild");
    const good = snapshotsOf(shell);
    expect(good).not.toEqual({});
    const log = readFileSync(logOf(shell, "p"), "utf8");
    writeFileSync(logOf(shell, "p"), log.replace("Login", "L0gin"));
    for (const flags of [[], ["--dry-run"]]) {
      const { code, envelope } = await shell.json("rebuild", ...flags);
      expect(code).toBe(8);
      expect(envelope).toMatchObject({ ok: false, data: { written: false, missions: [] } });
      expect(envelope.error).toMatchObject({
        code: "LOG_CORRUPT",
        details: { stream: "mission-p", offset: expect.any(Number) },
      });
      expect(envelope.error?.hint).toBe("mend it: mled repair p\nlook first: mled repair p --dry-run");
    }
    expect(snapshotsOf(shell)).toEqual(good);
    expect((await shell.json("doctor")).envelope.error?.hint).toContain("mled repair p");
  });

  test("is shown as far as it goes, with a warning, and hides no other mission", async () => {
    const shell = await withGap();
    for (const argv of [["board", "p"], ["ready"], ["ready", "p"], ["next"], ["log"], ["log", "p"]]) {
      const { code, envelope } = await shell.json(...argv);
      expect([argv, code, envelope.warnings]).toEqual([argv, 0, [incomplete]]);
      expect((await shell.run(...argv)).err).toContain(incomplete);
    }
    const missions = await shell.json("mission", "list");
    expect(missions.envelope).toMatchObject({ ok: true, warnings: [incomplete] });
    expect(missions.data.missions.map(({ slug }: { slug: string }) => slug)).toEqual(["z"]);
    const packages = await shell.json("wp", "list");
    expect(packages.envelope.warnings).toEqual([incomplete]);
    expect(packages.data.workPackages.map(({ ref }: { ref: string }) => ref)).toEqual(["z/WP01"]);
    expect((await shell.json("wp", "show", "p/WP03")).code).toBe(8);
    expect((await shell.json("next", "--claim")).data.item.ref).toBe("z/WP01");
  });
});

test("a record that lost its line feed is damage, and nobody says that the next write seals it", async () => {
  const shell = await planned();
  forgetCache(shell);
  writeFileSync(logOf(shell, "p"), readFileSync(logOf(shell, "p"), "utf8").replace(/\n$/, "\v"));
  const doctor = await shell.run("doctor");
  const verify = await shell.run("verify");
  expect([doctor.code, verify.code]).toEqual([8, 8]);
  for (const { out, err } of [doctor, verify]) expect(`${out}${err}`).not.toContain("unfinished record");
  expect(verify.out).toContain("1 problem in the log");
  expect(verify.out).not.toContain("views equal");
});

test("rebuild fails where nothing can be written", async () => {
  const shell = await planned();
  expect((await shell.json("rebuild")).data.written).toBe(true);
  rmSync(inLedger(shell, "cache", "snapshots"), { recursive: true });
  writeFileSync(inLedger(shell, "cache", "snapshots"), "in the way");
  const { code, envelope } = await shell.json("rebuild");
  expect([code, envelope.ok]).toEqual([7, false]);
  expect(envelope.error?.outcome).toBe("not_written");
  const { data, envelope: alone } = await shell.json("rebuild", "p");
  expect(data.written).toBe(false);
  expect(alone.error).toMatchObject({
    code: "STORAGE_ERROR",
    message: expect.stringContaining(inLedger(shell, "cache", "snapshots")),
  });
  expect((await shell.run("rebuild", "p")).out).toContain("not all written");
});

test("a log without any event is no mission: passed over, and noted by doctor", async () => {
  for (const content of ["", '{"torn":']) {
    const shell = await planned();
    writeFileSync(logOf(shell, "ghost"), content);
    expect((await shell.json("mission", "list")).data.missions).toHaveLength(1);
    expect((await shell.json("wp", "list")).code).toBe(0);
    expect((await shell.json("wp", "list", "ghost")).envelope.error?.code).toBe("NOT_FOUND");
    expect((await shell.run("board")).code).toBe(0);
    const { code, data } = await shell.json("doctor");
    expect(code).toBe(0);
    expect(data.missions).toBe(1);
    expect(data.findings).toContainEqual(
      expect.objectContaining({ kind: "never_begun", severity: "note", mission: "ghost" }),
    );
  }
});

test("a store that lists a log without any event changes nothing about the others", async () => {
  const inner = openMemoryStore();
  const store: EventStore = {
    ...inner,
    streams: async (category) => [...(await inner.streams(category)), "mission-ghost"],
  };
  const ledger = ledgerOver({ store, actor: "tester" });
  const run = (name: string, input: Record<string, unknown>) =>
    runCommand(name, input, { cwd: ".", ledger: () => ledger, actor: "tester" });
  await run("mission.create", { slug: "p", title: "Title" });
  await run("wp.add", { mission: "p", title: "One", id: "WP01" });
  for (const name of ["mission.list", "wp.list", "board", "doctor", "ready", "rebuild", "verify"])
    expect([name, (await run(name, {})).exit]).toEqual([name, 0]);
  expect((await run("wp.show", { ref: "WP01" })).exit).toBe(0);
  expect((await run("wp.list", { mission: "ghost" })).exit).toBe(3);
  expect((await run("doctor", {})).envelope.data).toMatchObject({
    missions: 1,
    findings: expect.arrayContaining([expect.objectContaining({ kind: "never_begun", mission: "ghost" })]),
  });
});

describe("a log that was replaced", () => {
  test("by an older copy of itself is found by what was remembered", async () => {
    const shell = await planned();
    const older = readFileSync(logOf(shell, "p"));
    await shell.run("wp", "note", "p/WP01", "later");
    await shell.run("wp", "claim", "p/WP01");
    await shell.run("rebuild");
    writeFileSync(logOf(shell, "p"), older);
    const { code, envelope } = await shell.json("verify");
    expect(code).toBe(8);
    expect(envelope.error).toMatchObject({ code: "LOG_REPLACED" });
    expect(envelope.error?.message).toMatch(
      /the log of mission-p no longer holds event \d+, which was remembered/,
    );
    expect((await shell.json("doctor")).envelope.error?.code).toBe("LOG_REPLACED");
  });

  test("by nothing leaves its lock behind", async () => {
    const shell = await planned();
    await shell.run("rebuild");
    expect((await shell.json("doctor")).code).toBe(0);
    rmSync(logOf(shell, "p"));
    const { code, envelope } = await shell.json("doctor");
    expect(code).toBe(8);
    expect(envelope.error).toMatchObject({ code: "STORE_MISSING" });
    forgetCache(shell);
    expect((await shell.json("doctor")).data.findings).toMatchObject([{ severity: "action", mission: "p" }]);
  });
});

test("doctor proposes to claim only what is ready", async () => {
  const { findings } = (await (await planned()).json("doctor")).data;
  const never = findings.filter(({ kind }: { kind: string }) => kind === "never_claimed");
  expect(never.map(({ workPackageId }: { workPackageId: string }) => workPackageId)).toEqual([
    "WP01",
    "WP03",
  ]);
});
