import { describe, expect, test } from "vitest";
import { oneMessage, splitFrom } from "./message.ts";

const id = "1".repeat(40);
const raw = (author: string) => ({
  tree: id,
  parents: [],
  author: Buffer.from(`${author} 1767323045 +0200`),
  committer: Buffer.from("Grace <g@example.org> 1767323045 -0330"),
  message: Buffer.from(""),
});

describe("the message of a commit of which a part is taken", () => {
  test.each([
    ["subject\n", `subject\n\nPart-of-commit: ${id}\n`],
    ["subject\n\nbody\n\n\n", `subject\n\nbody\n\nPart-of-commit: ${id}\n`],
    ["subject\n\nSigned-off-by: Ada <a@b>\n", `subject\n\nSigned-off-by: Ada <a@b>\nPart-of-commit: ${id}\n`],
    ["key: value\n", `key: value\n\nPart-of-commit: ${id}\n`],
    ["", `Part-of-commit: ${id}\n`],
  ])("%j says so at its end", (before, after) => {
    expect(splitFrom(Buffer.from(before), id).toString()).toBe(after);
  });

  test("keeps bytes of other encodings", () => {
    const bytes = Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a]);
    expect(splitFrom(bytes, id).subarray(0, 4)).toEqual(bytes.subarray(0, 4));
  });
});

describe("the message of all in one", () => {
  test("names every source, and everybody who wrote an earlier one, once", () => {
    const sources = ["Bob <b@b>", "Cid <c@c>", "Bob <b@b>", "Ada <a@a>"].map((author, index) => ({
      commit: `${index}`.repeat(40),
      subject: `step ${index}`,
      raw: raw(author),
    }));
    expect(oneMessage({ title: "Passkeys", mission: "p" }, sources).toString()).toBe(
      `Passkeys\n\n- 000000000000 step 0\n- 111111111111 step 1\n- 222222222222 step 2\n- 333333333333 step 3\n\nMission: p\nCo-authored-by: Bob <b@b>\nCo-authored-by: Cid <c@c>\n`,
    );
  });
});
