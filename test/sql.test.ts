/** The queries of docs/how-to/read-sqlite-with-sql.md, run as they stand there and compared with what the library says. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import type { RecordedEvent } from "@mission-ledger/core";
import { board, claims, reviews } from "@mission-ledger/core/mission";
import { type MissionLedger, openLedger } from "mission-ledger";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";

const repository = path.resolve(import.meta.dirname, "..");
const page = readFileSync(path.join(repository, "docs/how-to/read-sqlite-with-sql.md"), "utf8");
const queries = new Map(
  [...page.matchAll(/<!-- query: ([\w-]+) -->\n```sql\n([\s\S]*?)```/g)].map(
    ([, name = "", sql = ""]) => [name, sql] as const,
  ),
);

type Row = Readonly<Record<string, unknown>>;
interface Reader {
  prepare(sql: string): { all(parameters: Row): readonly Row[] };
  close(): void;
}

const begin = Date.parse("2026-03-01T10:00:00.000Z");
let now = begin;
const clock = { now: () => now };
const pass = (milliseconds: number): void => {
  now += milliseconds;
};

/** What happens here covers what the queries ask about: two missions, rejections, a dead agent, force, a settings change. */
const play = async (ledger: MissionLedger): Promise<string> => {
  const passkeys = await ledger.createMission({ slug: "passkeys", title: "Passkeys" });
  for (const id of ["WP01", "WP02", "WP03"]) await passkeys.addWorkPackage({ id, title: `Package ${id}` });
  const engine = ledger.engine.mission("passkeys");
  const form = passkeys.workPackage("WP01");
  await form.claim({ actor: "ada", leaseFor: "1h", renew: false });
  pass(60_000);
  await form.move("in_progress", { actor: "ada" });
  pass(1_800_500);
  await engine.execute(
    // Shorter than what was left: the newest word counts, not the latest time.
    { type: "RenewClaim", workPackageId: "WP01", fence: 1, leaseMs: 60_000 },
    { actor: "ada" },
  );
  await form.move("for_review", { actor: "ada", evidence: { test: "npm test" } });
  for (const verdict of ["changes_requested", "approved"] as const) {
    pass(5_000);
    await form.startReview({ actor: "rex", renew: false });
    await form.submitReview({ actor: "rex", verdict, notes: `it is ${verdict}` });
    if (verdict === "approved") break;
    await form.claim({ actor: "ada", renew: false });
    await form.move("in_progress", { actor: "ada" });
    await form.move("for_review", { actor: "ada", evidence: { note: "mended" } });
  }
  const token = passkeys.workPackage("WP02");
  await token.claim({ actor: "bob", leaseFor: "1m", renew: false });
  pass(3_600_000);
  await token.recover("bob does not answer", { actor: "cyd" });
  await token.claim({ actor: "cyd", leaseFor: "4h", renew: false });
  await engine.execute(
    { type: "RenewClaim", workPackageId: "WP02", fence: 2, leaseMs: 600_000 },
    { actor: "cyd" },
  );
  await engine.execute({
    type: "ForceWorkPackage",
    workPackageId: "WP03",
    to: "done",
    reason: "was done elsewhere",
  });
  const other = await ledger.createMission({ slug: "tokens", title: "Tokens" });
  await other.addWorkPackage({ id: "WP01", title: "Rotate" });
  await ledger.engine.mission("tokens").execute({ type: "ChangeMissionSettings", title: "Rotating tokens" });
  const rotated = other.workPackage("WP01");
  await rotated.claim({ actor: "dan", leaseFor: "1m", renew: false });
  const commandId = "6f0c1d5e-3a55-4f0e-9d5c-000000000001";
  await rotated.note("halfway", { actor: "dan", commandId });
  pass(120_000);
  return commandId;
};

describe.skipIf(!inject("sqlite"))("a query of the how-to", () => {
  const scratch = mkdtempSync(path.join(tmpdir(), "mission-ledger-sql-"));
  const file = path.join(scratch, "plan.db");
  let ledger: MissionLedger;
  let reader: Reader;
  let commandId: string;
  const events: RecordedEvent[] = [];
  const asked = new Set<string>();
  const ask = (name: string, parameters: Row = {}): readonly Row[] => {
    const sql = queries.get(name);
    if (sql === undefined) throw new Error(`the page has no query ${name}`);
    asked.add(name);
    return reader.prepare(sql).all(parameters);
  };
  const inMission = (slug: string) => events.filter(({ stream }) => stream === `mission-${slug}`);

  beforeAll(async () => {
    ledger = await openLedger({ store: `sqlite:${file}`, actor: "planner", clock });
    commandId = await play(ledger);
    for await (const batch of ledger.engine.store.readAll()) events.push(...batch);
    const Database = createRequire(path.join(repository, "packages/store-sqlite/package.json"))(
      "better-sqlite3",
    ) as new (
      file: string,
      options: { readonly readonly: boolean },
    ) => Reader;
    // Beside the open ledger, as a person would.
    reader = new Database(file, { readonly: true });
  });
  afterAll(async () => {
    reader?.close();
    await ledger?.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  test("lists the missions with their newest titles", async () => {
    expect(ask("missions")).toEqual([
      { mission: "passkeys", title: "Passkeys", ...sizeOf(inMission("passkeys")) },
      { mission: "tokens", title: "Rotating tokens", ...sizeOf(inMission("tokens")) },
    ]);
    expect(ask("missions").map(({ mission }) => mission)).toEqual(await ledger.missions());
  });

  test("tells what happened to a work package", () => {
    const rows = ask("events-of-a-package", { mission: "mission-passkeys", package: "WP02" });
    expect(rows.map(({ data, ...row }) => ({ ...row, data: JSON.parse(String(data)) }))).toEqual(
      inMission("passkeys")
        .filter(({ data }) => data.workPackageId === "WP02")
        .map(({ revision, recordedAt, actor, type, data }) => ({
          revision,
          recorded_at: recordedAt,
          actor,
          type,
          data,
        })),
    );
  });

  test("tells the newest events of the ledger", () => {
    expect(ask("newest-events")).toEqual(
      events
        .slice(-20)
        .reverse()
        .map(({ position, stream, revision, type, actor, recordedAt }) => ({
          position: Number(position),
          stream,
          revision,
          type,
          actor,
          recorded_at: recordedAt,
        })),
    );
  });

  test("finds what a command wrote", async () => {
    const commit = await ledger.engine.store.findCommand("mission-tokens", commandId);
    const rows = ask("events-of-a-command", { mission: "mission-tokens", command: commandId });
    expect(rows.map(({ id }) => id)).toEqual(commit?.events.map(({ id }) => id));
    expect(rows.length).toBeGreaterThan(0);
  });

  test("counts what each actor did", () => {
    const counted = new Map<string, { commands: Set<string>; events: number }>();
    for (const { actor, commandId: id } of events) {
      const one = counted.get(actor) ?? { commands: new Set(), events: 0 };
      one.commands.add(id);
      one.events += 1;
      counted.set(actor, one);
    }
    expect(ask("commands-by-actor")).toEqual(
      [...counted]
        .map(([actor, { commands, events: written }]) => ({
          day: "2026-03-01",
          actor,
          commands: commands.size,
          events: written,
        }))
        .sort((a, b) => (a.actor < b.actor ? -1 : 1)),
    );
  });

  test("knows the lanes as the board does", async () => {
    const { view } = await ledger.engine.mission("passkeys").view(board);
    expect(ask("lanes", { mission: "mission-passkeys" })).toEqual(
      Object.values(view.cards).map(({ workPackageId, lane, since }) => ({
        package: workPackageId,
        lane,
        since,
      })),
    );
    const { view: other } = await ledger.engine.mission("tokens").view(board);
    const lanes = [...Object.values(view.cards), ...Object.values(other.cards)].map(({ lane }) => lane);
    expect(ask("packages-by-lane")).toEqual(
      [...new Set(lanes)]
        .sort()
        .map((lane) => ({ lane, packages: lanes.filter((one) => one === lane).length })),
    );
  });

  test("measures the time in each lane as the events tell it", () => {
    const stays = new Map<string, { stays: number; seconds: number }>();
    const since = new Map<string, { lane: string; at: number }>();
    for (const { type, data, recordedAt } of inMission("passkeys")) {
      if (type !== "WorkPackageMoved" && type !== "WorkPackageForced") continue;
      const { workPackageId, to } = data as { workPackageId: string; to: string };
      const before = since.get(workPackageId);
      if (before !== undefined) {
        const { stays: n, seconds } = stays.get(before.lane) ?? { stays: 0, seconds: 0 };
        const more = (Date.parse(recordedAt) - before.at) / 1_000;
        stays.set(before.lane, { stays: n + 1, seconds: Math.round((seconds + more) * 1_000) / 1_000 });
      }
      since.set(workPackageId, { lane: to, at: Date.parse(recordedAt) });
    }
    expect(stays.get("in_progress")).toEqual({ stays: 2, seconds: 1_800.5 });
    expect(ask("time-in-lane", { mission: "mission-passkeys" })).toEqual(
      [...stays].map(([lane, counted]) => ({ lane, ...counted })).sort((a, b) => (a.lane < b.lane ? -1 : 1)),
    );
  });

  test("shows what was forced, and past which rules", async () => {
    const forced = ask("forced-moves");
    expect(forced).toHaveLength(1);
    expect(forced[0]).toMatchObject({
      mission: "passkeys",
      package: "WP03",
      actor: "planner",
      lane_before: "planned",
      lane_after: "done",
      reason: "was done elsewhere",
    });
    const { view } = await ledger.engine.mission("passkeys").view(board);
    expect(Object.values(view.cards).map(({ forceCount }) => forceCount)).toEqual([0, 0, 1]);
  });

  test("knows who holds what, and until when, as the claims do", async () => {
    const live = await Promise.all(
      ["passkeys", "tokens"].map(async (mission) => {
        const { view } = await ledger.engine.mission(mission).view(claims);
        return Object.values(view.live).map(({ workPackageId, holder, kind, fence, expiresAt }) => ({
          mission,
          package: workPackageId,
          holder,
          kind,
          fence,
          expires_at: expiresAt,
        }));
      }),
    );
    expect(live.flat().map(({ holder }) => holder)).toEqual(["cyd", "dan"]);
    expect(ask("live-claims")).toEqual(live.flat());
    expect(ask("leases-over", { now: new Date(now).toISOString() })).toEqual(
      live
        .flat()
        .filter(({ expires_at }) => Date.parse(expires_at) <= now)
        .map(({ mission, package: id, expires_at }) => ({ mission, package: id, expires_at })),
    );
    expect(ask("leases-over", { now: new Date(now).toISOString() })).toHaveLength(1);
  });

  test("shows who was given up, as the claims do", async () => {
    const { view } = await ledger.engine.mission("passkeys").view(claims);
    expect(ask("recovered-claims")).toEqual(
      view.recoveries.map(({ workPackageId, from, by, reason, at }) => ({
        mission: "passkeys",
        package: workPackageId,
        silent: from,
        ended_by: by,
        reason,
        recorded_at: at,
      })),
    );
    expect(view.recoveries).toHaveLength(1);
  });

  test("counts rejections and tells review cycles as the reviews do", async () => {
    const { view } = await ledger.engine.mission("passkeys").view(reviews);
    const cycles = Object.entries(view).flatMap(([id, { cycles: all }]) =>
      all
        .filter(({ verdict }) => verdict !== null)
        .map(({ cycle, reviewer, verdict, notes, judgedAt }) => ({
          package: id,
          cycle,
          reviewer,
          verdict,
          notes,
          judged_at: judgedAt,
        })),
    );
    expect(cycles).toHaveLength(2);
    expect(ask("review-cycles", { mission: "mission-passkeys" })).toEqual(cycles);
    expect(ask("rejections-per-reviewer")).toEqual([{ reviewer: "rex", verdicts: 2, rejections: 1 }]);
  });

  test("finds no gap where there is none", () => {
    expect(events.length).toBeGreaterThan(30);
    expect(ask("gaps")).toEqual([]);
  });

  test("is asked here, each of them", () => {
    expect([...queries.keys()].filter((name) => !asked.has(name))).toEqual([]);
    expect([...page.matchAll(/```sql/g)]).toHaveLength(queries.size);
  });
});

const sizeOf = (events: readonly RecordedEvent[]) => ({
  events: events.length,
  revision: events.length - 1,
});
