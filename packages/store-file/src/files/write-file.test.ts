import path from "node:path";
import { expect, test } from "vitest";
import { scratchDirectory } from "../testing/scratch.ts";
import type { FilePort } from "./file-port.ts";
import { nodeFiles } from "./node-files.ts";
import { createAppend, createNew, readFully, writeFully } from "./safe-files.ts";

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
