import { describe, expect, test } from "vitest";
import { pathBytes, pathText } from "./path-text.ts";

describe("a path as text", () => {
  test.each(["a.txt", "füße/日本.txt", "\ufeffbom", 'new\nline\t"quoted"', "🚀/\u0301x"])(
    "%j stays what it is",
    (text) => {
      expect(pathText(Buffer.from(text))).toBe(text);
      expect(pathBytes(text).toString()).toBe(text);
    },
  );

  test.each([
    ["a byte that begins nothing", [0x61, 0xff, 0x62]],
    ["a character that is cut off", [0xe6, 0x97]],
    ["a cut character before a whole one", [0xe6, 0x97, 0xe6, 0x97, 0xa5]],
    ["a surrogate written as UTF-8", [0xed, 0xb2, 0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["beyond Unicode", [0xf5, 0x80, 0x80, 0x80]],
  ])("that holds %s comes back byte by byte", (_, bytes) => {
    const text = pathText(Uint8Array.from(bytes));
    expect([...pathBytes(text)]).toEqual(bytes);
    expect(text).not.toContain("\ufffd");
  });

  test("is another for every other single or double byte", () => {
    const texts = new Set<string>();
    for (let one = 0; one < 256; one++) {
      texts.add(pathText(Uint8Array.of(one)));
      for (let two = 0; two < 256; two++) {
        const text = pathText(Uint8Array.of(one, two));
        texts.add(text);
        if (!pathBytes(text).equals(Buffer.of(one, two))) expect.fail(`${one} ${two}`);
      }
    }
    expect(texts.size).toBe(256 + 65_536);
  });
});
