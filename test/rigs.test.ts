/** The table of rigs, which the runner and CI trust. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { rigs } from "./rigs/index.mjs";

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
