import fs from "node:fs";
import path from "node:path";
import { openMemoryStore } from "@mission-ledger/core";
import { ledgerOver } from "@mission-ledger/core/mission";
import { describe, expect, test } from "vitest";
import { planned, type Session, scratch } from "../testing/session.ts";
import { namesOfMissions, notingOpenMissions, openMissions } from "./open-missions.ts";

const hour = 3_600_000;

describe("the index of open missions", () => {
  test("says nothing before all missions were looked at, and afterwards those that are open and those that are new", () => {
    const index = openMissions({ folder: path.join(scratch(), "open") });
    index.note("b");
    expect(index.among(namesOfMissions(["a", "b"]))).toBeUndefined();
    index.complete(namesOfMissions(["a", "b", "c"]), ["a"]);
    expect(index.among(namesOfMissions(["a", "b", "c"]))).toEqual(["a", "b"]);
    expect(index.among(namesOfMissions(["a", "b", "c", "put there by hand"]))).toEqual([
      "a",
      "b",
      "put there by hand",
    ]);
    index.invalidate();
    expect(index.among(namesOfMissions(["a"]))).toBeUndefined();
  });

  test("asks for all again where many names are new", () => {
    const index = openMissions({ folder: path.join(scratch(), "open") });
    index.complete(namesOfMissions(["a"]), []);
    const many = Array.from({ length: 65 }, (_, number) => `m${number}`);
    expect(index.among(namesOfMissions(many.slice(1)))).toHaveLength(64);
    expect(index.among(namesOfMissions(many))).toBeUndefined();
  });

  test("forgets a mission only when nobody can be on the way to append to it", () => {
    let now = Date.now();
    const index = openMissions({ folder: path.join(scratch(), "open"), now: () => now });
    index.complete(namesOfMissions(["a"]), ["a"]);
    index.drop("a");
    expect(index.among(namesOfMissions(["a"]))).toEqual(["a"]);
    now += 2 * hour;
    index.drop("a");
    expect(index.among(namesOfMissions(["a"]))).toEqual([]);
    index.note("a");
    expect(index.among(namesOfMissions(["a"]))).toEqual(["a"]);
  });

  test("knows of an append before it is written, and again when the note was taken out meanwhile", async () => {
    const [folder, inner] = [path.join(scratch(), "open"), openMemoryStore()];
    const index = openMissions({ folder, now: () => 0 });
    index.complete(namesOfMissions(["p"]), []);
    const seen: (readonly string[] | undefined)[] = [];
    const store = notingOpenMissions(
      {
        ...inner,
        append: async (request) => {
          seen.push(index.among(namesOfMissions(["p"])));
          fs.rmSync(path.join(folder, "0".repeat(32)), { recursive: true });
          return inner.append(request);
        },
      },
      index,
    );
    await ledgerOver({ store, actor: "ada" }).mission("p").execute({
      type: "CreateMission",
      slug: "p",
      title: "P",
      missionId: "1",
      dependencyMetAt: "approved",
    });
    expect([seen, index.among(namesOfMissions(["p"]))]).toEqual([[["p"]], ["p"]]);
  });
});

describe("ready", () => {
  const refs = async (shell: Session): Promise<readonly string[]> =>
    (await shell.json("ready")).data.items.map(({ ref }: { ref: string }) => ref);
  const closeAll = async (shell: Session): Promise<void> => {
    for (const id of ["WP01", "WP02", "WP03"])
      await shell.run("wp", "force", `p/${id}`, "done", "--reason", "x");
  };
  const folderOf = (shell: Session): string =>
    path.join(shell.directory, ".mission-ledger", "cache", "worktrees", "open");
  /** As if everything had been put down long ago. */
  const age = (shell: Session): void => {
    const folder = path.join(folderOf(shell), "0".repeat(32));
    for (const name of fs.readdirSync(folder)) fs.utimesSync(path.join(folder, name), 0, 0);
  };

  test("lists the same with its index, without it, and when work comes back to a mission that was closed", async () => {
    const shell = await planned();
    const first = await refs(shell);
    expect(first).toEqual(["p/WP01", "p/WP03"]);
    expect(await refs(shell)).toEqual(first);
    await closeAll(shell);
    age(shell);
    expect(await refs(shell)).toEqual([]);
    expect(fs.readdirSync(path.join(folderOf(shell), "0".repeat(32)))).toEqual([]);
    expect(await refs(shell)).toEqual([]);
    await shell.run("wp", "add", "p", "Once more", "--id", "WP04");
    expect(await refs(shell)).toEqual(["p/WP04"]);
    fs.rmSync(folderOf(shell), { recursive: true });
    expect(await refs(shell)).toEqual(["p/WP04"]);
  });

  test("finds what another ledger's missions brought along, and what a repair brought back", async () => {
    const [shell, other] = [await planned(), await planned()];
    await closeAll(shell);
    await refs(shell);
    age(shell);
    expect(await refs(shell)).toEqual([]);
    await other.run("mission", "create", "q", "Another");
    await other.run("wp", "add", "q", "New", "--id", "WP01");
    const log = path.join("log", "mission-q.jsonl");
    fs.copyFileSync(
      path.join(other.directory, ".mission-ledger", log),
      path.join(shell.directory, ".mission-ledger", log),
    );
    expect(await refs(shell)).toEqual(["q/WP01"]);
    await shell.run("repair");
    expect(fs.existsSync(path.join(folderOf(shell), "complete"))).toBe(false);
    expect(await refs(shell)).toEqual(["q/WP01"]);
  });
});
