import fs from "node:fs";
import path from "node:path";
import type { AppendRequest, EventStore } from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import { scratch } from "../testing/session.ts";
import { gitRepository } from "../testing/worktrees.ts";
import { notingWorktrees, worktreeIndex } from "./worktree-index.ts";

const [here, there] = ["a".repeat(32), "b".repeat(32)];

describe("the index of worktrees", () => {
  test("says nothing before the whole ledger was searched, and afterwards what was found and what came since", () => {
    const index = worktreeIndex({ folder: path.join(scratch(), "worktrees") });
    index.note(here, "early");
    expect(index.missionsOf(here)).toBeUndefined();
    index.complete(new Map([[here, new Set(["found", "Ünicode"])]]));
    index.note(here, "late");
    index.note(here, "late");
    expect(index.missionsOf(here)).toEqual(["early", "found", "late", "Ünicode"]);
    expect(index.missionsOf(there)).toEqual([]);
    index.invalidate();
    index.invalidate();
    expect(index.missionsOf(here)).toBeUndefined();
  });

  test("is incomplete as soon as something could not be put down", () => {
    const folder = path.join(scratch(), "worktrees");
    const index = worktreeIndex({ folder });
    index.complete(new Map());
    fs.writeFileSync(path.join(folder, here), "in the way");
    index.note(here, "p");
    expect(index.missionsOf(there)).toBeUndefined();
    index.complete(new Map([[here, new Set(["p"])]]));
    expect(index.missionsOf(there)).toBeUndefined();
  });

  test("forgets a mission only when nobody can be on the way to claim it", () => {
    let now = Date.parse("2026-03-01T10:00:00Z");
    const index = worktreeIndex({ folder: path.join(scratch(), "worktrees"), now: () => now });
    index.complete(new Map());
    index.note(here, "p");
    index.drop(here, "p");
    expect(index.missionsOf(here)).toEqual(["p"]);
    now += 3_600_000;
    index.note(here, "p");
    now += 3_600_000;
    index.drop(here, "p");
    expect(index.missionsOf(here)).toEqual(["p"]);
    now += 1;
    index.drop(here, "p");
    index.drop(here, "never there");
    expect(index.missionsOf(here)).toEqual([]);
  });

  test("takes nothing but the id of a worktree for a folder's name", () => {
    const root = scratch();
    const index = worktreeIndex({ folder: path.join(root, "worktrees") });
    index.complete(new Map([["../out", new Set(["p"])]]));
    index.note("../out", "p");
    expect(index.missionsOf("../out")).toBeUndefined();
    expect(fs.readdirSync(root)).toEqual(["worktrees"]);
    expect(fs.readdirSync(path.join(root, "worktrees"))).toEqual(["complete"]);
  });

  test("knows of a claim before it is written, and of one that was never written", async () => {
    const index = worktreeIndex({ folder: path.join(scratch(), "worktrees") });
    index.complete(new Map());
    const known: (readonly string[] | undefined)[] = [];
    const store = {
      append: async () => {
        known.push(index.missionsOf(here));
        throw new Error("the disk is full");
      },
    } as unknown as EventStore;
    const claim = (data: unknown) =>
      ({
        commit: { events: [{ type: "WorkPackageClaimed", stream: "mission-p", data }] },
      }) as unknown as AppendRequest;
    const noting = notingWorktrees(store, index);
    const workplace = { worktree: { id: here, name: "lane-a" } };
    await expect(noting.append(claim({ kind: "implement", workplace }))).rejects.toThrow("disk is full");
    for (const data of [{}, { workplace: null }, { workplace: { worktree: {} } }])
      await expect(noting.append(claim(data))).rejects.toThrow("disk is full");
    expect(known[0]).toEqual(["p"]);
    expect(index.missionsOf(here)).toEqual(["p"]);
  });
});

describe("the guard", () => {
  const working = async () => {
    const repository = await gitRepository();
    for (const slug of ["p", "q"]) {
      await repository.must("mission", "create", slug, slug);
      await repository.must("wp", "add", slug, "One", "--id", "WP01", "--owns", `${slug}/**`);
    }
    const lane = repository.worktree("lane-a");
    const ledger = path.join(repository.folder, ".git", "mission-ledger");
    return { repository, lane, ledger, cache: path.join(ledger, "cache") };
  };

  test("of a new ledger reads the missions of its worktree alone; where the index is gone it searches once", async () => {
    const { lane, ledger, cache } = await working();
    expect((await lane.json("guard")).data).toMatchObject({ verdict: "context_missing", foundBy: "index" });
    fs.rmSync(cache, { recursive: true });
    expect((await lane.json("guard")).data).toMatchObject({ verdict: "context_missing", foundBy: "search" });
    await lane.begin("p/WP01");
    // A log that nobody could read: the verdict does not rest on it.
    fs.writeFileSync(path.join(ledger, "log", "mission-q.jsonl"), "damaged\n".repeat(3));
    expect((await lane.json("guard")).data).toMatchObject({
      verdict: "ok",
      workPackageId: "WP01",
      foundBy: "index",
    });
  });

  test("answers the same without its index, and makes it again", async () => {
    const { lane, cache } = await working();
    await lane.begin("p/WP01");
    lane.write({ "q/a": "x\n" });
    const before = await lane.json("guard");
    fs.rmSync(cache, { recursive: true });
    const after = await lane.json("guard");
    expect([before, after].map(({ data }) => data.foundBy)).toEqual(["index", "search"]);
    expect(after.data).toEqual({ ...before.data, foundBy: "search" });
    expect((await lane.json("guard")).data.foundBy).toBe("index");
  });

  test("without its index blocks where a log that may matter cannot be read", async () => {
    const { lane, ledger, cache } = await working();
    await lane.begin("p/WP01");
    fs.rmSync(cache, { recursive: true });
    fs.writeFileSync(path.join(ledger, "log", "mission-q.jsonl"), "damaged\n".repeat(3));
    const { code, ok, data } = await lane.json("guard");
    expect([code, ok, data]).toEqual([8, false, null]);
    expect((await lane.json("guard", "--mission", "p")).data).toMatchObject({
      verdict: "ok",
      foundBy: "name",
    });
  });

  test("blocks where the log of its own mission is damaged, at the end or before it", async () => {
    const { lane, ledger } = await working();
    await lane.json("guard");
    await lane.begin("p/WP01");
    const log = path.join(ledger, "log", "mission-p.jsonl");
    const whole = fs.readFileSync(log, "utf8");
    const lines = whole.trimEnd().split("\n");
    for (const damaged of [
      `${whole}{"torn": \n`,
      [...lines.slice(0, -1), lines.at(-1)?.replace("in_progress", "for_review"), ""].join("\n"),
      [...lines.slice(0, -2), ...lines.slice(-1), ""].join("\n"),
    ]) {
      fs.writeFileSync(log, damaged);
      for (const argv of [["guard"], ["guard", "--package", "p/WP01"]])
        expect(await lane.json(...argv)).toMatchObject({
          code: 8,
          ok: false,
          error: { code: "LOG_CORRUPT" },
        });
    }
    fs.writeFileSync(log, whole);
    expect((await lane.json("guard")).code).toBe(0);
  });

  test("takes a hint for no more than that: what stands in the log decides", async () => {
    const { lane, cache } = await working();
    await lane.json("guard");
    await lane.begin("p/WP01");
    const [worktree = ""] = fs
      .readdirSync(path.join(cache, "worktrees"))
      .filter((name) => name !== "complete");
    for (const slug of ["q", "never-made"])
      fs.writeFileSync(path.join(cache, "worktrees", worktree, `mission-${slug}`), "");
    expect((await lane.json("guard")).data).toMatchObject({ verdict: "ok", mission: "p" });
    await lane.begin("q/WP01");
    expect((await lane.json("guard")).data.verdict).toBe("context_ambiguous");
  });

  test("searches again after another ledger's missions were copied into this one", async () => {
    const { repository, lane } = await working();
    await lane.begin("p/WP01");
    const copy = path.join(path.dirname(repository.folder), "copy");
    await repository.must("init", "--ledger", copy);
    expect((await lane.json("guard", "--ledger", copy)).data.verdict).toBe("context_missing");
    await repository.must(
      "copy",
      `file:${path.join(repository.folder, ".git/mission-ledger")}`,
      `file:${copy}`,
    );
    expect((await lane.json("guard", "--ledger", copy)).data).toMatchObject({
      verdict: "ok",
      foundBy: "search",
    });
  });
});
