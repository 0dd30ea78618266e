import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { clonedPair, newRepository, type TestRepository } from "../testing/repositories.ts";
import { readDivergence } from "./divergence.ts";
import { addressInNote } from "./last-fetch.ts";

describe("the age of what is known of a remote", () => {
  const lastFetch = async (clone: TestRepository, branch = "main") =>
    (await readDivergence(clone.place, { branch })).lastFetch;
  const day = (at: number) => new Date(at * 1_000).toISOString();

  test("is that of the clone, where nothing was fetched since", async () => {
    const [, clone] = clonedPair();
    expect(await lastFetch(clone)).toEqual({ at: "2026-01-02T03:04:05.000Z", from: "ref" });
  });

  test("is that of the last fetch that asked for this branch, in any worktree", async () => {
    const [origin, clone] = clonedPair();
    clone.git("fetch", "--quiet");
    const note = path.join(clone.folder, ".git/FETCH_HEAD");
    fs.utimesSync(note, 1_800_000_000, 1_800_000_000);
    expect(await lastFetch(clone)).toEqual({ at: day(1_800_000_000), from: "fetch" });

    const linked = path.join(path.dirname(clone.folder), "linked");
    clone.git("worktree", "add", "--quiet", "-b", "lane-a", linked);
    clone.git("-C", linked, "fetch", "--quiet");
    const other = path.join(clone.folder, ".git/worktrees/linked/FETCH_HEAD");
    fs.utimesSync(other, 1_900_000_000, 1_900_000_000);
    expect(await lastFetch(clone)).toEqual({ at: day(1_900_000_000), from: "fetch" });

    origin.git("branch", "other");
    clone.git("-C", linked, "fetch", "--quiet", "origin", "other");
    fs.utimesSync(other, 2_000_000_000, 2_000_000_000);
    expect(await lastFetch(clone)).toEqual({ at: day(1_800_000_000), from: "fetch" });
  });

  test("does not look young after a fetch from elsewhere or one that failed", async () => {
    const [origin, clone] = clonedPair();
    const elsewhere = newRepository("elsewhere");
    elsewhere.commit("one");
    clone.git("fetch", "--quiet", "--", elsewhere.folder, "main");
    expect(await lastFetch(clone)).toEqual({ at: "2026-01-02T03:04:05.000Z", from: "ref" });
    fs.rmSync(origin.folder, { recursive: true });
    expect(() => clone.git("fetch", "--quiet")).toThrow();
    expect(await lastFetch(clone)).toEqual({ at: "2026-01-02T03:04:05.000Z", from: "ref" });
  });

  test("is unknown where nothing says it, and a planted note makes nobody wait", async () => {
    const [, clone] = clonedPair();
    fs.rmSync(path.join(clone.folder, ".git/logs"), { recursive: true });
    const note = path.join(clone.folder, ".git/FETCH_HEAD");
    fs.rmSync(note, { force: true });
    execFileSync("mkfifo", [note]);
    expect(await lastFetch(clone)).toBeUndefined();
  });

  test.each([
    ["https://ada:secret@example.org/shop.git", "https://example.org/shop"],
    ["https://example.org/shop/", "https://example.org/shop"],
    ["https://example.org/a@b.git/", "https://example.org/a@b"],
    ["git@example.org:shop.git", "example.org:shop"],
    ["ssh://git@example.org:22/shop", "ssh://example.org:22/shop"],
    ["/srv/git/shop.git", "/srv/git/shop"],
    ["/srv/me@there:x/shop", "/srv/me@there:x/shop"],
    ["../shop.git", "../shop"],
  ])("is found in git's note of %s", (url, noted) => {
    expect(addressInNote(url)).toBe(noted);
  });
});
