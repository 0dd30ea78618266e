import fs from "node:fs";
import path from "node:path";
import { type FilePort, type FileStatus, nodeFiles } from "@mission-ledger/store-file";
import { describe, expect, test } from "vitest";
import { scratch } from "../testing/session.ts";
import { readPromptFile, writePromptFile } from "./prompt-file.ts";

const names = ["passkeys", "WP01", "3f0b8a52-93f5-4f2c-a5a0-1d5f3e0c9a11.md"];
const bytes = Buffer.from("what a reviewer reads\n");
const write = (folder: string, files: FilePort = nodeFiles): boolean =>
  writePromptFile({ files, folder, path: names, bytes });
const read = (folder: string, files: FilePort = nodeFiles) => readPromptFile({ files, folder, path: names });
const modeOf = (name: string): number => fs.statSync(name).mode & 0o7777;

/** A disk on which one place belongs to somebody else. */
const withForeign = (foreign: string): FilePort => {
  const changed = (status: FileStatus | undefined) =>
    status === undefined
      ? undefined
      : (Object.assign(Object.create(status) as FileStatus, { uid: (status.uid ?? 0) + 1 }) as FileStatus);
  const opened = new Map<number, string>();
  return {
    ...nodeFiles,
    lstat: (name) => (name === foreign ? changed(nodeFiles.lstat(name)) : nodeFiles.lstat(name)),
    open: (name, flags, mode) => {
      const fd = nodeFiles.open(name, flags, mode);
      opened.set(fd, name);
      return fd;
    },
    fstat: (fd) =>
      opened.get(fd) === foreign ? (changed(nodeFiles.fstat(fd)) as FileStatus) : nodeFiles.fstat(fd),
  };
};

describe("a prompt's file", () => {
  test("is its user's alone, below folders that are its user's alone, whatever the umask lets through", () => {
    const folder = path.join(scratch(), "prompts");
    const umask = process.umask(0);
    try {
      expect(write(folder)).toBe(true);
    } finally {
      process.umask(umask);
    }
    expect(modeOf(path.join(folder, ...names))).toBe(0o600);
    for (const at of [folder, path.join(folder, "passkeys"), path.join(folder, "passkeys", "WP01")])
      expect(modeOf(at)).toBe(0o700);
    expect(read(folder)).toMatchObject({ _tag: "Read", bytes });
  });

  test("never takes the place of anything, and follows no link", () => {
    const folder = path.join(scratch(), "prompts");
    const file = path.join(folder, ...names);
    const target = path.join(scratch(), "target");
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    for (const planted of [
      () => fs.writeFileSync(file, "theirs"),
      () => fs.symlinkSync(target, file),
      () => fs.mkdirSync(file),
    ]) {
      planted();
      expect(write(folder)).toBe(false);
      expect(fs.existsSync(target)).toBe(false);
      fs.rmSync(file, { recursive: true });
    }
    expect(write(folder)).toBe(true);
    expect(write(folder)).toBe(false);
  });

  test.each([0, 1, 2])("is not written below a folder that somebody else planted, at depth %i", (depth) => {
    const folder = path.join(scratch(), "prompts");
    const planted = path.join(folder, ...names.slice(0, depth));
    fs.mkdirSync(planted, { recursive: true, mode: 0o700 });
    expect(() => write(folder, withForeign(planted))).toThrow(
      expect.objectContaining({ code: "UNSAFE_FILE", outcome: "not_written" }),
    );
    expect(fs.readdirSync(planted)).toEqual([]);
  });

  test.each([0, 1, 2])("is not written through a folder that is a planted link, at depth %i", (depth) => {
    const folder = path.join(scratch(), "prompts");
    const elsewhere = scratch();
    const planted = path.join(folder, ...names.slice(0, depth));
    fs.mkdirSync(path.dirname(planted), { recursive: true, mode: 0o700 });
    fs.symlinkSync(elsewhere, planted);
    expect(() => write(folder)).toThrow(expect.objectContaining({ code: "UNSAFE_FILE" }));
    expect(fs.readdirSync(elsewhere)).toEqual([]);
  });

  test.each([0, 1, 2, 3])(
    "that belongs to somebody else, or lies below what does, is not read, at depth %i",
    (depth) => {
      const folder = path.join(scratch(), "prompts");
      write(folder);
      expect(read(folder, withForeign(path.join(folder, ...names.slice(0, depth))))).toMatchObject({
        _tag: "Unusable",
        problem: expect.stringContaining("belongs to another user"),
      });
    },
  );

  test("that grows, or lies, while it is read is not used", () => {
    const folder = path.join(scratch(), "prompts");
    write(folder);
    const growing: FilePort = {
      ...nodeFiles,
      read: (fd, buffer, offset, length, position) => {
        fs.appendFileSync(path.join(folder, ...names), "more");
        return nodeFiles.read(fd, buffer, offset, length, position);
      },
    };
    expect(read(folder, growing)).toEqual({ _tag: "Unusable", problem: "changed while it was read" });
    const failing: FilePort = {
      ...nodeFiles,
      read: () => {
        throw Object.assign(new Error("EIO"), { code: "EIO" });
      },
    };
    expect(read(folder, failing)).toEqual({ _tag: "Unusable", problem: "unreadable: EIO" });
  });
});

describe("a disk that fails", () => {
  const calls = ["mkdir", "open", "write", "fsync", "close", "read", "fstat", "lstat"] as const;
  const failures = calls.flatMap((call) =>
    ["ENOSPC", "EIO", "EACCES"].map((errno) => [call, errno] as const),
  );

  test.each(failures)("at any %s with %s leaves no prompt, or one that was read again", (call, errno) => {
    for (let at = 0; ; at += 1) {
      const folder = path.join(scratch(), "prompts");
      let count = 0;
      const failing: FilePort = {
        ...nodeFiles,
        [call]: (...given: never[]) => {
          if (count++ === at) throw Object.assign(new Error(errno), { code: errno });
          return (nodeFiles[call] as (...rest: never[]) => unknown)(...given);
        },
      };
      let isWritten = false;
      try {
        isWritten = write(folder, failing);
      } catch (error) {
        expect(error).toMatchObject({ outcome: "not_written", code: expect.stringMatching(/^[A-Z_]+$/) });
      }
      if (isWritten) expect(read(folder)).toMatchObject({ _tag: "Read", bytes });
      if (!isWritten) expect(read(folder)).toMatchObject({ _tag: "Unusable" });
      if (count <= at) {
        expect(isWritten).toBe(true);
        return;
      }
    }
  });

  test("that writes a little at a time gets all of it, and one that takes nothing is full", () => {
    const folder = path.join(scratch(), "prompts");
    const slow: FilePort = {
      ...nodeFiles,
      write: (fd, buffer, offset, length, position) =>
        nodeFiles.write(fd, buffer, offset, Math.min(length, 3), position),
    };
    expect(write(folder, slow)).toBe(true);
    expect(read(folder)).toMatchObject({ bytes });
    expect(() => write(path.join(scratch(), "prompts"), { ...nodeFiles, write: () => 0 })).toThrow(
      expect.objectContaining({ code: "STORAGE_FULL", outcome: "not_written" }),
    );
  });

  test("that keeps other bytes than were written is found by reading them again", () => {
    const folder = path.join(scratch(), "prompts");
    const lying: FilePort = {
      ...nodeFiles,
      write: (fd, _, offset, length, position) =>
        nodeFiles.write(fd, Buffer.from("x".repeat(100)), offset, length, position),
    };
    expect(() => write(folder, lying)).toThrow(
      expect.objectContaining({ code: "READBACK_FAILED", outcome: "not_written" }),
    );
    expect(read(folder)).toEqual({ _tag: "Unusable", problem: "missing" });
  });
});
