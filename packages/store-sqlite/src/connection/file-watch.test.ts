import fs from "node:fs";
import path from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { scratchDirectory } from "../testing/scratch.ts";
import { type DatabaseFiles, filesOf } from "./connection.ts";
import { type FileWatch, watchFiles } from "./file-watch.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

interface Watched {
  readonly file: string;
  readonly files: DatabaseFiles;
  readonly watch: FileWatch;
  /** Milliseconds by which the clock is ahead of the directory's times. */
  readonly clock: { aheadMs: number };
}

const watched = (): Watched => {
  const file = path.join(scratchDirectory(), "ledger.db");
  for (const part of ["", "-wal", "-shm"]) fs.writeFileSync(file + part, "x");
  const clock = { aheadMs: 60_000 };
  const now = (): number => fs.statSync(path.dirname(file)).ctimeMs + clock.aheadMs;
  const files = filesOf(file) as DatabaseFiles;
  return { file, files, watch: watchFiles(file, { now }), clock };
};
const same = (): boolean => true;

/** Some change beside the database, or to it. */
const changes: readonly (readonly [string, (file: string) => void])[] = [
  ["a file comes", (file) => fs.writeFileSync(`${file}.bak`, "")],
  ["the -wal is removed", (file) => fs.rmSync(`${file}-wal`)],
  ["the database is renamed", (file) => fs.renameSync(file, `${file}.away`)],
  ["a mark is left", (file) => fs.writeFileSync(`${file}-suspect`, "")],
  ["the directory is renamed", (file) => fs.renameSync(path.dirname(file), `${path.dirname(file)}.away`)],
];

describe("a directory", () => {
  test("stands still once its files were found in place", () => {
    const { files, watch } = watched();
    expect(watch.standsStill(files)).toBe(false);
    expect(watch.placeOf(files, same)).toBe("InPlace");
    expect(watch.standsStill(files)).toBe(true);
    expect(watch.placeOf(files, same)).toBe("InPlace");
  });

  test("stands still for the files alone that were found there", () => {
    const { files, watch } = watched();
    watch.placeOf(files, same);
    expect(watch.standsStill({ ...files })).toBe(false);
  });

  test.each(changes)("does not stand still when %s", (_, change) => {
    const { file, files, watch } = watched();
    watch.placeOf(files, same);
    change(file);
    expect(watch.standsStill(files)).toBe(false);
  });

  test("that has only just changed is not believed to stand still", () => {
    const { files, watch, clock } = watched();
    clock.aheadMs = 50;
    expect(watch.placeOf(files, same)).toBe("InPlace");
    expect(watch.standsStill(files)).toBe(false);
    clock.aheadMs = 51;
    watch.placeOf(files, same);
    expect(watch.standsStill(files)).toBe(true);
  });

  test("whose times are whole seconds is believed only seconds later", () => {
    const { file, files, watch, clock } = watched();
    const look = fs.lstatSync.bind(fs);
    vi.spyOn(fs, "lstatSync").mockImplementation(((name: string, options: object) => {
      const status = look(name, options);
      if (name !== path.dirname(file) || status === undefined) return status;
      const whole = Math.floor(Number(status.ctimeMs) / 1_000) * 1_000;
      return Object.assign(status, { mtimeMs: whole, ctimeMs: whole });
    }) as typeof fs.lstatSync);
    clock.aheadMs = 1_000;
    expect(watch.placeOf(files, same)).toBe("InPlace");
    expect(watch.standsStill(files)).toBe(false);
    clock.aheadMs = 2_501;
    watch.placeOf(files, same);
    expect(watch.standsStill(files)).toBe(true);
  });
});

describe("files", () => {
  test("beside which a mark stands are suspect until it is gone, whoever has looked before", () => {
    const { file, files, watch } = watched();
    expect(watch.placeOf(files, same)).toBe("InPlace");
    fs.writeFileSync(`${file}-suspect`, "");
    expect(watch.placeOf(files, same)).toBe("Suspect");
    expect(watch.placeOf(files, same)).toBe("Suspect");
    expect(watch.standsStill(files)).toBe(false);
    fs.rmSync(`${file}-suspect`);
    expect(watch.placeOf(files, same)).toBe("InPlace");
  });

  test.each(["", "-wal", "-shm"])("of which ledger.db%s is another one now are moved", (part) => {
    const { file, files, watch } = watched();
    watch.placeOf(files, same);
    fs.copyFileSync(file + part, `${file}.new`);
    fs.renameSync(`${file}.new`, file + part);
    expect(watch.placeOf(files, same)).toBe("Moved");
  });

  test("that were written to are asked which ledger they hold", () => {
    const { file, files, watch } = watched();
    expect(watch.placeOf(files, () => false)).toBe("Moved");
    expect(watch.placeOf(files, same)).toBe("InPlace");
    expect(watch.placeOf(files, () => false)).toBe("InPlace");
    fs.utimesSync(file, 1, 1);
    expect(watch.placeOf(files, () => false)).toBe("Moved");
  });
});
