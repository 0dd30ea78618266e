import { describe, expect, test } from "vitest";
import { sealLine } from "../log/sealed-line.ts";
import { findSingleBit } from "./single-bit.ts";

const line = sealLine('{"v":1,"note":"Grüße from a line that is long enough to be worth it"}').subarray(
  0,
  -1,
);

describe("the one flipped bit of a line", () => {
  test("is found wherever it is, the checksum's own digits included", () => {
    for (let at = 0; at < line.length; at += 1)
      for (let bit = 0; bit < 8; bit += 1) {
        const damaged = Buffer.from(line);
        damaged[at] = (damaged[at] as number) ^ (1 << bit);
        const found = findSingleBit(damaged);
        expect(found, `${at}.${bit}`).toMatchObject({ at, bit });
        expect(found?.line.equals(line)).toBe(true);
      }
  });

  test("is not found where there is none, where there are two, and in what is no sealed line", () => {
    expect(findSingleBit(line)).toBeUndefined();
    const twice = Buffer.from(line);
    twice[3] = (twice[3] as number) ^ 1;
    twice[30] = (twice[30] as number) ^ 4;
    expect(findSingleBit(twice)).toBeUndefined();
    for (const text of ["", "x", "foreign text", ',"crc":"00000000"}'])
      expect(findSingleBit(Buffer.from(text))).toBeUndefined();
  });
});
