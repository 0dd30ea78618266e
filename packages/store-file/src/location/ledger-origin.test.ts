import fs from "node:fs";
import path from "node:path";
import { systemRandomness } from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import { nodeFiles } from "../files/node-files.ts";
import { layoutOf } from "../layout.ts";
import { faultyFiles } from "../testing/faulty-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { ledgerOrigin } from "./ledger-origin.ts";

const originOf = (root: string, files = nodeFiles): string =>
  ledgerOrigin({ files, layout: layoutOf(root), randomness: systemRandomness }).id();

describe("the id of a copy of a ledger", () => {
  test("stays the same from one process to the next", () => {
    const root = scratchDirectory();
    expect(originOf(root)).toBe(originOf(root));
  });

  test("moves along with its directory", () => {
    const root = scratchDirectory();
    const id = originOf(root);
    fs.renameSync(root, `${root}-moved`);
    expect(originOf(`${root}-moved`)).toBe(id);
    fs.rmSync(`${root}-moved`, { recursive: true });
  });

  test("is not inherited by a copy of the directory", () => {
    const root = scratchDirectory();
    const id = originOf(root);
    const copy = scratchDirectory();
    fs.cpSync(root, copy, { recursive: true });
    const other = originOf(copy);
    expect(other).not.toBe(id);
    expect(originOf(copy)).toBe(other);
    expect(originOf(root)).toBe(id);
  });

  test("is made anew where the file is torn or foreign", () => {
    const root = scratchDirectory();
    fs.writeFileSync(path.join(root, "origin"), "something");
    expect(originOf(root)).toMatch(/^[0-9a-f-]{36}$/);
    expect(originOf(root)).toBe(originOf(root));
  });

  test("leaves nothing behind when the disk is full", () => {
    const root = scratchDirectory();
    const faulty = faultyFiles();
    faulty.failOnce("write", "ENOSPC");
    expect(() => originOf(root, faulty.files)).toThrow("ENOSPC");
    expect(fs.readdirSync(root)).toEqual([]);
  });
});
