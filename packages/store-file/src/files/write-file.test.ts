import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { errnoError } from "../testing/faulty-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import type { FilePort } from "./file-port.ts";
import { nodeFiles } from "./node-files.ts";
import { createAppend, createNew, readFully } from "./safe-files.ts";
import { removeIfThere, removeQuietly, replaceFile, writeFully, writeNewFile } from "./write-file.ts";

const text = Buffer.from("all of it, and in order");

/** The real disk, which takes so many bytes at the first call, the second and so on; after that all of them. */
const taking = (...counts: number[]): FilePort => ({
  ...nodeFiles,
  write: (fd, buffer, offset, length, position) => {
    const count = counts.shift() ?? length;
    return count === 0 ? 0 : nodeFiles.write(fd, buffer, offset, Math.min(count, length), position);
  },
});

const inNewFile = (flags: number, task: (fd: number) => void): string => {
  const fd = nodeFiles.open(path.join(scratchDirectory(), "file"), flags, 0o600);
  try {
    task(fd);
    return readFully(nodeFiles, fd, 0, 1_000).toString();
  } finally {
    nodeFiles.close(fd);
  }
};

test("bytes that a disk takes a few at a time stand whole and in order at their position", () => {
  const found = inNewFile(createNew, (fd) => {
    nodeFiles.write(fd, Buffer.from("before: "), 0, 8, 0);
    writeFully(taking(1, 4, 2), fd, text, 8);
  });
  expect(found).toBe(`before: ${text}`);
});

test("without a position no call has one, and each piece stands behind the one before", () => {
  const asked = new Set<number | null>();
  const disk = taking(1, 4, 2);
  const watched: FilePort = {
    ...disk,
    write: (fd, buffer, offset, length, position) => {
      asked.add(position);
      return disk.write(fd, buffer, offset, length, position);
    },
  };
  const found = inNewFile(createAppend, (fd) => {
    nodeFiles.write(fd, Buffer.from("before: "), 0, 8, null);
    writeFully(watched, fd, text, null);
  });
  expect(found).toBe(`before: ${text}`);
  expect([...asked]).toEqual([null]);
});

test("a disk that takes nothing and names no error is full, at the first piece and at a later one", () => {
  for (const counts of [[0], [5, 0]])
    expect(
      inNewFile(createNew, (fd) => {
        expect(() => writeFully(taking(...counts), fd, text, 0)).toThrow(
          expect.objectContaining({ code: "ENOSPC" }),
        );
      }),
    ).toBe(text.toString().slice(0, counts[0]));
});

test("no bytes are no call of the disk", () => {
  expect(inNewFile(createNew, (fd) => writeFully(taking(0), fd, Buffer.alloc(0), 0))).toBe("");
});

describe("a new file", () => {
  const folderWith = (name: string): { readonly folder: string; readonly file: string } => {
    const folder = scratchDirectory();
    return { folder, file: path.join(folder, name) };
  };

  test("never takes the place of another, which stays as it was", () => {
    const { file } = folderWith("new");
    writeNewFile(nodeFiles, file, text, { flush: true });
    expect(() => writeNewFile(nodeFiles, file, Buffer.from("other"), { flush: true })).toThrow("EEXIST");
    expect(fs.readFileSync(file)).toEqual(text);
  });

  test("that could not be written whole, flushed or closed is not there", () => {
    const { folder, file } = folderWith("new");
    const full = expect.objectContaining({ code: "ENOSPC" });
    expect(() => writeNewFile(taking(5, 0), file, text, { flush: false })).toThrow(full);
    for (const call of ["fdatasync", "close"] as const) {
      const failing: FilePort = {
        ...nodeFiles,
        [call]: (fd: number) => {
          if (call === "close") nodeFiles.close(fd);
          throw errnoError("EIO");
        },
      };
      expect(() => writeNewFile(failing, file, text, { flush: true })).toThrow("EIO");
    }
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  test("that replaces one is there whole, or the old one is and nothing lies beside it", () => {
    const { folder, file } = folderWith("old");
    fs.writeFileSync(file, "old");
    const stuck: FilePort = {
      ...nodeFiles,
      rename: () => {
        throw errnoError("EIO");
      },
    };
    for (const [disk, error] of [
      [taking(5, 0), "the disk took nothing"],
      [stuck, "EIO"],
    ] as const) {
      expect(() => replaceFile(disk, file, `${file}.tmp`, text, { flush: false })).toThrow(error);
      expect([fs.readdirSync(folder), fs.readFileSync(file, "utf8")]).toEqual([["old"], "old"]);
    }
    replaceFile(nodeFiles, file, `${file}.tmp`, text, { flush: true });
    expect([fs.readdirSync(folder), fs.readFileSync(file)]).toEqual([["old"], text]);
  });
});

test("what is not there is removed already, and what cannot be removed is only an error where it matters", () => {
  const folder = scratchDirectory();
  const absent = path.join(folder, "absent");
  for (const remove of [removeQuietly, removeIfThere]) expect(() => remove(nodeFiles, absent)).not.toThrow();
  expect(() => removeQuietly(nodeFiles, folder)).not.toThrow();
  expect(() => removeIfThere(nodeFiles, folder)).toThrow();
});
