import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { Json, Snapshot } from "@mission-ledger/core";
import type { RebuildProgress } from "@mission-ledger/rebuild";
import { fileSnapshots } from "@mission-ledger/store-file";
import { describe, expect, test } from "vitest";
import { displayWidth } from "./output/width.ts";
import { barLine } from "./rebuild/bar.ts";
import { folds } from "./rebuild/folds.ts";
import { runLedger } from "./run/run-ledger.ts";
import { abortsAtAsk } from "./testing/interrupting-signal.ts";
import { planned, type Session } from "./testing/session.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests look into documents of many shapes
type Any = any;

/** The state with another value at a dotted path; `undefined` takes the key away. */
const put = (state: Any, where: string, value: unknown): Any => {
  const keys = where.split(".");
  const parent = keys.slice(0, -1).reduce((at, key) => at[key], state);
  if (value === undefined) delete parent[keys.at(-1) as string];
  else parent[keys.at(-1) as string] = value;
  return state;
};

const cacheOf = (shell: Session): string => path.join(shell.directory, ".mission-ledger", "cache");

const withViews = async (): Promise<Session> => {
  const shell = await planned();
  await shell.run("wp", "claim", "p/WP01", "--as", "ada");
  await shell.run("wp", "move", "p/WP01", "in_progress", "--as", "ada");
  await shell.run("mission", "create", "z", "Other");
  await shell.run("rebuild");
  return shell;
};

/** Changes a view of mission `p` as it was written down. */
const tamper = async (
  shell: Session,
  view: string,
  change: (state: Record<string, Json>) => unknown,
  more: Partial<Snapshot> = {},
): Promise<void> => {
  const snapshots = fileSnapshots({ directory: path.join(shell.directory, ".mission-ledger") });
  const spec = folds.find((fold) => fold.view === view)?.spec;
  if (spec === undefined) throw new Error(`there is no view ${view}`);
  const key = { stream: "mission-p", name: spec.name, version: spec.version };
  const kept = (await snapshots.load(key)) as Snapshot;
  const state = JSON.parse(JSON.stringify(kept.state)) as Record<string, Json>;
  await snapshots.save(key, { ...kept, ...more, state: change(state) as Json });
};

/** Every file below a folder with its content. */
const contentBelow = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => path.join(folder, name))
      .filter((file) => statSync(file).isFile())
      .map((file) => [file, readFileSync(file, "utf8")]),
  );

describe("a view that was tampered with", () => {
  test.each([
    [
      "another value",
      "board",
      (s: Any) => put(s, "cards.WP01.lane", "done"),
      "cards.WP01.lane",
      "changed",
      "WorkPackageMoved",
    ],
    [
      "a key too much",
      "board",
      (s: Any) => put(s, "cards.WP09", s.cards.WP01),
      "cards.WP09",
      "too_much",
      null,
    ],
    [
      "a key too few",
      "board",
      (s: Any) => put(s, "cards.WP03", undefined),
      "cards.WP03",
      "missing",
      "WorkPackageMoved",
    ],
    [
      "another type",
      "board",
      (s: Any) => put(s, "cards.WP01.holder", ["ada"]),
      "cards.WP01.holder",
      "changed",
      "WorkPackageClaimed",
    ],
    [
      "a state that commands rely on",
      "state",
      (s: Any) => put(s, "workPackages.WP02.dependsOn", []),
      "workPackages.WP02.dependsOn.0",
      "missing",
      "WorkPackageAdded",
    ],
    [
      "a prototype's name",
      "board",
      (s: Any) => JSON.parse(`{"__proto__":1,${JSON.stringify(s).slice(1)}`),
      "__proto__",
      "too_much",
      null,
    ],
    ["nothing left", "claims", () => [], "", "changed", "WorkPackageClaimed"],
  ] as const)(
    "by %s is found, with the event behind the true value",
    async (_, view, change, where, kind, type) => {
      const shell = await withViews();
      await tamper(shell, view, change as (state: Record<string, Json>) => unknown);
      const before = contentBelow(cacheOf(shell));
      const { code, envelope } = await shell.json("rebuild", "--verify");
      expect([code, envelope.error?.code]).toEqual([8, "PROJECTION_DRIFT"]);
      const [found, ...others] = (envelope.error?.details.views ?? []) as Any[];
      expect(others).toEqual([]);
      expect(found).toMatchObject({ mission: "p", view, path: where, kind });
      const { events } = (await shell.json("log", "p", "--limit", "0")).data;
      if (type === null) expect(found.madeBy).toBeNull();
      else {
        expect(found.madeBy.type).toBe(type);
        expect(events.find(({ eventId }: Any) => eventId === found.madeBy.id)).toMatchObject({
          type,
          revision: found.madeBy.revision,
        });
      }
      expect(contentBelow(cacheOf(shell))).toEqual(before);
      expect((await shell.json("verify")).envelope.error?.details.views).toEqual([found]);
      expect((await shell.json("doctor")).data.findings).toContainEqual(
        expect.objectContaining({ kind: "projection_drift", mission: "p" }),
      );
      expect((await shell.json("rebuild")).envelope.warnings).toEqual([
        `p: ${view} differed at ${where === "" ? "its root" : where}; mended`,
      ]);
      expect((await shell.json("rebuild", "--verify")).code).toBe(0);
    },
  );

  test.each([
    ["a digest that is in no log", { revision: 2, digest: "f".repeat(64) }],
    ["a revision that has not been yet", { revision: 900, digest: "f".repeat(64) }],
    ["a place before the first event", { revision: -1, digest: null }],
  ])("at %s is found, and believed by nobody", async (_, head) => {
    const shell = await withViews();
    const before = (await shell.json("board", "p")).data;
    await tamper(shell, "board", (state: Any) => put(state, "cards.WP99", state.cards.WP01), { head });
    expect((await shell.json("board", "p")).data).toEqual(before);
    await tamper(shell, "board", (state: Any) => put(state, "cards.WP99", state.cards.WP01), { head });
    const { code, envelope, data } = await shell.json("rebuild", "--verify");
    expect(code).toBe(8);
    const found = { mission: "p", view: "board", revision: head.revision };
    expect(data.equal).toBe(false);
    expect((await shell.run("rebuild", "--verify", "--jsonl")).out).toContain(
      JSON.stringify({ type: "stray", ...found }),
    );
    // Before the first event stands none that a log could have lost.
    const isOfEvent = head.revision >= 0;
    if (isOfEvent) {
      expect(envelope.error).toMatchObject({ code: "LOG_REPLACED", details: { stream: "mission-p" } });
      expect(await shell.json("rebuild")).toMatchObject({ code: 8, envelope: { warnings: [] } });
    } else expect(envelope.error).toMatchObject({ code: "PROJECTION_DRIFT", details: { strays: [found] } });
    const made = await shell.json("rebuild", ...(isOfEvent ? ["--accept-replaced"] : []));
    expect(made.envelope.warnings).toEqual([
      `p: board stands at an event of revision ${head.revision} that the log does not hold; made anew`,
    ]);
    expect((await shell.json("rebuild", "--verify")).code).toBe(0);
  });

  test("in its count of unknown events is found and mended", async () => {
    const shell = await withViews();
    await tamper(shell, "ready", (state: Any) => state, { unknownEvents: 3 });
    const { code, envelope } = await shell.json("rebuild", "--verify");
    expect(code).toBe(8);
    expect(envelope.error?.details.views).toMatchObject([
      { mission: "p", view: "ready", kind: "unknown_events", live: 3, rebuilt: 0 },
    ]);
    expect((await shell.run("rebuild", "--verify")).out).toContain(
      "differs p: ready says that it did not know 3 events, and there are 0",
    );
    expect((await shell.json("verify")).code).toBe(8);
    expect((await shell.json("rebuild")).envelope.warnings).toEqual([
      "p: ready differed in its count of unknown events; mended",
    ]);
    expect((await shell.json("rebuild", "--verify")).code).toBe(0);
  });

  test("is named for people, with both values", async () => {
    const shell = await withViews();
    await tamper(shell, "board", (state: Any) => put(state, "cards.WP01.lane", "done"));
    const { code, out, err } = await shell.run("rebuild", "--dry-run");
    expect(code).toBe(8);
    expect(out).toMatch(
      /differs p: board at cards\.WP01\.lane: "done", but "in_progress" by WorkPackageMoved at revision \d+ \([0-9a-f-]{36}\)/,
    );
    expect(out).toContain("board: differs in 1 mission from a fresh rebuild of");
    expect(err).toContain("Mend them: mled rebuild");
  });
});

describe("mled rebuild", () => {
  test("of one view leaves the others as they were written down", async () => {
    const shell = await withViews();
    for (const view of ["board", "claims"])
      await tamper(shell, view, (state: Any) => put(state, "title", "Other"));
    expect((await shell.json("rebuild", "--view", "board")).envelope.warnings).toEqual([
      "p: board differed at title; mended",
    ]);
    const { envelope } = await shell.json("rebuild", "--verify");
    expect(envelope.error?.details.views).toMatchObject([
      { view: "claims", path: "title", kind: "too_much" },
    ]);
    expect((await shell.json("rebuild", "--verify", "--view", "board", "--view", "ready")).code).toBe(0);
    expect((await shell.run("rebuild", "--view", "bord")).code).toBe(2);
  });

  test("says a line for each view, and how many events it was made from", async () => {
    const shell = await withViews();
    const { code, out, err } = await shell.run("rebuild", "--no-resume");
    expect([code, err]).toEqual([0, ""]);
    expect(out.trimEnd().split("\n")).toEqual(
      folds.map(({ view }) => `${view}: made from 11 events in 2 missions, equal to the one before, written`),
    );
  });

  test("takes threads where it can have any", async () => {
    const shell = await withViews();
    expect((await shell.run("rebuild", "--workers", "0")).code).toBe(2);
    const { code, envelope } = await shell.json("rebuild", "--workers", "2");
    expect([code, envelope.warnings]).toEqual([
      0,
      ["--workers: one thread works here; threads need the mled program"],
    ]);
  });

  test("with --jsonl prints what it found and how it ended, a record a line", async () => {
    const shell = await withViews();
    const records = async (...argv: readonly string[]) =>
      (await shell.run(...argv)).out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
    const done = await records("rebuild", "--jsonl");
    expect(done[0]).toMatchObject({
      type: "progress",
      phase: "folding",
      share: 0,
      streams: { done: 0, total: 2 },
    });
    expect(done[1]).toMatchObject({
      type: "progress",
      phase: "done",
      share: 1,
      streams: { done: 2, total: 2 },
    });
    expect(done.slice(2).map(({ type, view }) => view ?? type)).toEqual([
      ...folds.map(({ view }) => view),
      "end",
    ]);
    await tamper(shell, "board", (state: Any) => put(state, "title", "Other"));
    const drifted = await records("rebuild", "--verify", "--jsonl");
    expect(drifted.find(({ type }) => type === "difference")).toMatchObject({
      mission: "p",
      view: "board",
      path: "title",
    });
    expect(drifted.at(-1)).toMatchObject({ type: "error", error: { code: "PROJECTION_DRIFT" } });
  });

  test("that is interrupted says how to go on, and leaves the views", async () => {
    const shell = await withViews();
    await tamper(shell, "board", (state: Any) => put(state, "title", "Other"));
    const before = contentBelow(cacheOf(shell));
    for (const [argv, hint] of [
      [["rebuild"], "Go on where it stopped: mled rebuild"],
      [["rebuild", "p"], "Again: mled rebuild p"],
    ] as const) {
      const io = shell.io({ signal: abortsAtAsk(3) });
      expect(await runLedger(argv, io)).toBe(130);
      expect(io.text().err).toContain("INTERRUPTED: interrupted; the live views are as they were");
      expect(io.text().err).toContain(hint);
    }
    for (const [file, content] of Object.entries(before)) expect(readFileSync(file, "utf8")).toBe(content);
    expect((await shell.json("rebuild", "--verify")).code).toBe(8);
  });
});

describe("the bar", () => {
  const drawn = async (changes: Parameters<Session["io"]>[0], ...argv: readonly string[]) => {
    const shell = await withViews();
    let now = 0;
    const written: string[] = [];
    const stderr = {
      write: (chunk: string | Uint8Array) => written.push(String(chunk)) > 0,
      isTTY: true,
      columns: 48,
    };
    // Each look at the clock takes a second, so that everything is due.
    const clock = { now: () => (now += 1_000) };
    const io = shell.io({ stderr, clock, ...changes });
    expect(await runLedger(["rebuild", ...argv], io)).toBe(0);
    return { text: written.join(""), out: io.text().out };
  };

  test("is one line on a terminal, and gone when the result is printed", async () => {
    const { text, out } = await drawn({});
    const lines = text.split("\r");
    expect(lines.length).toBeGreaterThan(3);
    expect(text).not.toContain("\n");
    expect(lines.some((line) => /^\[[#-]+\] {2} *\d+ % {2}\d of 2 missions/.test(line))).toBe(true);
    for (const line of lines) expect(displayWidth(line)).toBeLessThan(48);
    expect(lines.slice(-2).join("").trim()).toBe("");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no colours, no cursor codes
    expect(text).not.toMatch(/\u001b/);
    expect(out).toContain("board: made from");
  });

  test("takes a terminal that does not know its width for one of 80 columns", async () => {
    const written: string[] = [];
    const stderr = {
      write: (chunk: string | Uint8Array) => written.push(String(chunk)) > 0,
      isTTY: true,
      columns: 0,
    };
    await drawn({ stderr });
    expect(written.join("")).toMatch(/\d of 2 missions/);
  });

  test("is not drawn where nobody watches or a program reads", async () => {
    expect((await drawn({ env: { TERM: "dumb" } })).text).toBe("");
    expect((await drawn({}, "--json")).text).toBe("");
    expect((await drawn({}, "--jsonl")).text).toBe("");
    expect((await drawn({}, "--plain")).text).toBe("");
    const shell = await withViews();
    expect((await shell.run("rebuild")).err).toBe("");
  });

  test("fits into every width, and says first what matters most", () => {
    const progress: RebuildProgress = {
      phase: "folding",
      share: 0.4239,
      streams: { done: 2_119, total: 5_000, resumed: 0 },
      events: 423_001,
      perSecond: 512_345.6,
      leftMs: 61_000,
      elapsedMs: 900,
      views: [],
    };
    for (let width = 2; width < 140; width += 1)
      expect(displayWidth(barLine(progress, width))).toBeLessThan(width);
    expect(barLine(progress, 16)).toBe(" 42 %");
    expect(barLine(progress, 24)).toBe("[#####---------]   42 %");
    expect(barLine(progress, 140)).toBe(
      "[############------------------]   42 %  2119 of 5000 missions  1m left  423,001 events  512,346/s",
    );
    expect(barLine({ ...progress, phase: "switching", share: 0.999 }, 140)).toContain(" 99 %  switching");
  });
});
