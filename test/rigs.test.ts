/** The table of rigs, which the runner and CI trust. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { rigs } from "./rigs/index.mjs";
import { brokenSqliteStores } from "./rigs/sqlite/broken-stores.mjs";

const files = readdirSync(path.join(import.meta.dirname, "rigs"))
  .filter((file) => file.endsWith(".mjs") && !["index.mjs", "main.mjs"].includes(file))
  .map((file) => file.slice(0, -".mjs".length));

describe("the table of rigs", () => {
  test("has every file of the folder, and nothing else", () => {
    expect(Object.keys(rigs).sort()).toEqual(files.sort());
  });

  test.each(Object.entries(rigs))("knows %s by its own name, target and unit", async (name, load) => {
    const { rig } = await load();
    expect(rig.name).toBe(name);
    expect(rig.id).toMatch(/^[FLZ][0-9]{1,2}$/);
    expect(rig.unit).not.toBe("");
    expect(rig.longRun).toBeGreaterThanOrEqual(rig.perPush);
  });
});

describe("the SQLite stores that are broken on purpose", () => {
  test.each(brokenSqliteStores.map((broken) => [broken.name, broken] as const))(
    "%s: the line to change is there once",
    (_, broken) => {
      const source = path.join(import.meta.dirname, "../packages/store-sqlite/src", broken.in);
      for (const [line] of broken.change)
        expect(readFileSync(source, "utf8").split(line), line).toHaveLength(2);
      expect(rigs).toHaveProperty(broken.caughtBy);
    },
  );
});
