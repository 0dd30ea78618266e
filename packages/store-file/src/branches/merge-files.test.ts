import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { emptyHead } from "@mission-ledger/core";
import { commitOn, seededRandomness, noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { encodeRecord } from "../log/record.ts";
import { faultyFiles } from "../testing/faulty-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { type MergedFiles, mergeCopyFiles } from "./merge-files.ts";
import { largestCopyBytes } from "./read-copy.ts";

const line = (commandId: string): Buffer =>
  encodeRecord(commitOn(emptyHead, commandId), { origin: "here", seq: 1 }, 65_536);
const [mine, yours] = [line("mine"), line("yours")];

const driven = (directory: string, files: Partial<FilePort> = {}): MergedFiles =>
  mergeCopyFiles({
    base: path.join(directory, "base"),
    ours: path.join(directory, "ours"),
    theirs: path.join(directory, "theirs"),
    target: `.mission-ledger/log/${stream}.jsonl`,
    randomness: seededRandomness(1),
    files: { ...nodeFiles, ...files },
  });

const three = (): string => {
  const directory = scratchDirectory();
  for (const [name, bytes] of Object.entries({ base: Buffer.alloc(0), ours: mine, theirs: yours }))
    writeFileSync(path.join(directory, name), bytes);
  return directory;
};
const read = (directory: string, name = "ours"): Buffer => readFileSync(path.join(directory, name));
describe("merging files", () => {
  test("takes a disk that writes a byte at a time", () => {
    const directory = three();
    const write: FilePort["write"] = (fd, bytes, offset, _, position) =>
      nodeFiles.write(fd, bytes, offset, 1, position);
    expect(driven(directory, { write })).toEqual({
      _tag: "Merged",
      stream,
      bytes: mine.length + yours.length,
    });
    expect(read(directory)).toHaveLength(mine.length + yours.length);
  });

  test.each([
    ["write", 0],
    ["close", 3],
    ["rename", 0],
    ["read", 0],
    ["open", 3],
  ] as const)("leaves ours as it was, and nothing beside it, when %s fails", (call, skip) => {
    const directory = three();
    const faulty = faultyFiles();
    faulty.failOnce(call, "EIO", skip);
    expect(() => driven(directory, faulty.files)).toThrow("EIO");
    expect(read(directory)).toEqual(mine);
    expect(readdirSync(directory).toSorted()).toEqual(["base", "ours", "theirs"]);
  });

  test("does not read what is no plain file", () => {
    const directory = three();
    linkSync(path.join(directory, "theirs"), path.join(directory, "second"));
    expect(() => driven(directory)).toThrow("hard link");
    const other = three();
    mkdirSync(path.join(other, "folder"));
    expect(() =>
      mergeCopyFiles({
        base: path.join(other, "folder"),
        ours: path.join(other, "ours"),
        theirs: path.join(other, "theirs"),
        target: `.mission-ledger/log/${stream}.jsonl`,
        randomness: seededRandomness(1),
      }),
    ).toThrow("not a regular file");
    expect(existsSync(path.join(other, "ours"))).toBe(true);
  });

  test("reads no more of a file than shows that it is too large", () => {
    const directory = three();
    let most = 0;
    const size: FilePort["fstat"] = (fd) => Object.assign(nodeFiles.fstat(fd), { size: 2 ** 40 });
    const length: FilePort["read"] = (fd, buffer, offset, wanted, position) => {
      most = Math.max(most, position + wanted);
      return nodeFiles.read(fd, buffer, offset, wanted, position);
    };
    expect(driven(directory, { fstat: size, read: length })).toMatchObject({ _tag: "Merged" });
    expect(most).toBeLessThanOrEqual(largestCopyBytes + 1);
  });
});
