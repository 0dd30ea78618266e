import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { encodeStreamName } from "@mission-ledger/store-file";
import { describe, expect, test } from "vitest";
import { planned, type Session, session } from "./testing/session.ts";

const stream = "mission-p";
const target = `.mission-ledger/log/${stream}.jsonl`;

/** A ledger's log as three copies: what both had, and one more note on each side. */
const copies = async (): Promise<Session> => {
  const shell = await planned();
  const file = path.join(shell.directory, target);
  const base = readFileSync(file);
  writeFileSync(path.join(shell.directory, "base"), base);
  for (const side of ["ours", "theirs"]) {
    writeFileSync(file, base);
    await shell.run("wp", "note", "p/WP01", side);
    writeFileSync(path.join(shell.directory, side), readFileSync(file));
  }
  return shell;
};

const drive = (shell: Session, ...more: readonly string[]) =>
  shell.run("merge-driver", "base", "ours", "theirs", ...(more.length > 0 ? more : [target]));
const bytesOf = (shell: Session, name: string): Buffer => readFileSync(path.join(shell.directory, name));

describe("the merge driver", () => {
  test("writes the union of both copies over ours, without a word, and leaves nothing else", async () => {
    const shell = await copies();
    const before = readdirSync(shell.directory);
    const sides = ["ours", "theirs"].map((side) => bytesOf(shell, side).toString().split("\n"));
    expect(await drive(shell)).toEqual({ code: 0, out: "", err: "" });
    expect(bytesOf(shell, "ours").toString().split("\n").toSorted()).toEqual(
      [...new Set(sides.flat())].toSorted(),
    );
    expect(readdirSync(shell.directory)).toEqual(before);
  });

  test("gives the same bytes from the other side", async () => {
    const shell = await copies();
    const other = await copies();
    for (const name of ["base", "ours", "theirs"])
      writeFileSync(
        path.join(other.directory, name),
        bytesOf(shell, name === "base" ? name : name === "ours" ? "theirs" : "ours"),
      );
    await drive(shell);
    await drive(other);
    expect(bytesOf(other, "ours")).toEqual(bytesOf(shell, "ours"));
  });

  test("finds the stream in the file's name, escaped or not", async () => {
    const shell = session();
    for (const name of ["base", "ours", "theirs"]) writeFileSync(path.join(shell.directory, name), "");
    const escaped = `plan/.mission-ledger/log/${encodeStreamName("mission-Größe")}.jsonl`;
    const { code, data } = await shell.json("merge-driver", "base", "ours", "theirs", escaped);
    expect([code, data]).toEqual([0, { merged: true, stream: "mission-Größe", bytes: 0 }]);
  });

  test.each([
    ["base", "torn", '{"v":1,"stream"'],
    ["ours", "torn", '{"v":1,"stream"'],
    ["theirs", "torn", '{"v":1,"stream"'],
    ["theirs", "damaged", "text\n"],
    ["theirs", "conflict_marker", "<<<<<<< HEAD\n"],
  ])("leaves our copy as it is where %s is %s", async (name, kind, added) => {
    const shell = await copies();
    writeFileSync(
      path.join(shell.directory, name),
      Buffer.concat([bytesOf(shell, name), Buffer.from(added)]),
    );
    const [ours, before] = [bytesOf(shell, "ours"), readdirSync(shell.directory)];
    const { code, envelope } = await shell.json("merge-driver", "base", "ours", "theirs", target);
    expect([code, envelope.error?.code, envelope.error?.details.kind]).toEqual([1, "MERGE_REFUSED", kind]);
    expect((await drive(shell)).err).toContain(`${target} was not merged: ${name}: `);
    expect(bytesOf(shell, "ours")).toEqual(ours);
    expect(readdirSync(shell.directory)).toEqual(before);
  });

  test.each([
    "notes.jsonl",
    "log/mission-p.jsonl",
    ".mission-ledger/log/mission-p.txt",
    ".mission-ledger/log/Mission-P.jsonl",
    ".mission-ledger/log/x--mission.jsonl/../../../mission-p.jsonl",
    ".mission-ledger/cache/mission-p.jsonl",
  ])("does not touch %s", async (name) => {
    const shell = await copies();
    const ours = bytesOf(shell, "ours");
    const { code, err } = await drive(shell, name);
    expect([code, err]).toEqual([1, expect.stringContaining("is not .mission-ledger/log/<stream>.jsonl")]);
    expect(bytesOf(shell, "ours")).toEqual(ours);
  });

  test("reads plain files only, and says which one it could not", async () => {
    const shell = await copies();
    const at = (name: string) => path.join(shell.directory, name);
    mkdirSync(at("folder"));
    symlinkSync(at("theirs"), at("link"));
    for (const name of ["folder", "link", "missing"]) {
      const ours = bytesOf(shell, "ours");
      const { code, err } = await shell.run("merge-driver", "base", "ours", name, target);
      expect([code, err]).toEqual([
        1,
        expect.stringMatching(/^MERGE_REFUSED: .*(?:UNSAFE_FILE|ELOOP|ENOENT)/),
      ]);
      expect(bytesOf(shell, "ours")).toEqual(ours);
    }
  });
});
