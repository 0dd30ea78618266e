import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { nodeFiles } from "../files/node-files.ts";
import { type LineReader, openLineReader } from "./line-reader.ts";

const logOf = (text: string): { readonly fd: number; readonly add: (more: string) => void } => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "mission-ledger-lines-"));
  const name = path.join(folder, "log");
  fs.writeFileSync(name, text);
  const fd = fs.openSync(name, "r");
  onTestFinished(() => {
    fs.closeSync(fd);
    fs.rmSync(folder, { recursive: true });
  });
  return { fd, add: (more) => fs.appendFileSync(name, more) };
};
const open = (fd: number): LineReader => openLineReader(nodeFiles, fd, { from: 0 });
const nextOf = (reader: LineReader): string | undefined => reader.next()?.bytes.toString();
const long = "x".repeat(100_000);

test("a reader at its end goes on when lines are added, beside others that read meanwhile", () => {
  const [one, other] = [logOf("a\nb"), logOf(`1\n${long}\n2`)];
  const [first, second] = [open(one.fd), open(other.fd)];
  expect([nextOf(first), nextOf(first), first.end, first.tail]).toEqual(["a", undefined, 2, 1]);
  expect([nextOf(second), nextOf(second)]).toEqual(["1", long]);
  one.add("c\nd\n");
  const third = open(other.fd);
  expect(nextOf(third)).toBe("1");
  expect([nextOf(first), nextOf(first), nextOf(first), first.end]).toEqual(["bc", "d", undefined, 7]);
  expect([nextOf(third), nextOf(second), second.tail]).toEqual([long, undefined, 1]);
  other.add("3\n");
  expect([nextOf(second), nextOf(third), nextOf(second)]).toEqual(["23", "23", undefined]);
});

test("what a reader has shown stays while others begin and end", () => {
  const logs = ["a\nb\n", "1\n2\n", "x\ny\n"].map(logOf);
  const lines = logs.map(({ fd }) => {
    const ended = open(fd);
    while (ended.next() !== undefined);
    const reader = open(fd);
    reader.next();
    return reader.next()?.bytes;
  });
  expect(lines.map(String)).toEqual(["b", "2", "y"]);
});
