import { describe, expect, test } from "vitest";
import { decodeStreamName, encodeStreamName } from "./names.ts";

const hostile = [
  "mission-passkeys",
  "Mission-Passkeys",
  "MISSION-PASSKEYS",
  "mission-Passkeys",
  "",
  ".",
  "..",
  "../x",
  "/etc/passwd",
  "a/b",
  "a\\b",
  "con",
  "CON",
  "prn",
  "aux",
  "nul",
  "com1",
  "lpt9",
  "com0",
  "con.txt",
  "a:b",
  "a:b:$DATA",
  "a.",
  "a ",
  " a",
  "-a",
  "a-",
  "--",
  "-",
  "x--a",
  "x--",
  "x---61",
  "X--A",
  "é",
  "e\u0301",
  "É",
  "ß",
  "ss",
  "ﬁ",
  "fi",
  "İ",
  "i",
  "ı",
  "K",
  "k",
  "a\u0000b",
  "a\nb",
  "a\tb",
  "\u202Eabc",
  "a\u200Bb",
  "аbc",
  "abc",
  "😀",
  "\uFFFD",
  "\uFEFFa",
  "a*b",
  "a?b",
  "a|b",
  "<a>",
  '"a"',
  "~",
  "$HOME",
  "%41",
  "a%b",
  "mission_1",
  "a+b",
];

describe("a stream's name as a file name", () => {
  test("comes back as it was", () => {
    for (const name of hostile)
      expect(decodeStreamName(encodeStreamName(name)), JSON.stringify(name)).toBe(name);
  });

  test("is shared by no other stream, even where case and accents are folded", () => {
    const folded = new Map<string, string>();
    for (const name of hostile) {
      const path = encodeStreamName(name).normalize("NFC").toLowerCase();
      expect(
        folded.get(path),
        `${JSON.stringify(name)} and ${JSON.stringify(folded.get(path))}`,
      ).toBeUndefined();
      folded.set(path, name);
    }
  });

  test("is harmless in itself", () => {
    for (const name of hostile) expect(encodeStreamName(name)).toMatch(/^(?:[a-z0-9][a-z0-9-]*)$/);
  });

  test("is not read from a spelling that we would not have written", () => {
    for (const name of [
      "x---61",
      "x--A",
      "x---FF",
      "x---ff",
      "X--a",
      "Mission",
      "a.b",
      "x---c0-80",
      "con",
      "a b",
    ])
      expect(decodeStreamName(name), name).toBeUndefined();
  });

  test("that does not fit is refused", () => {
    expect(() => encodeStreamName("É".repeat(100))).toThrow(
      expect.objectContaining({ code: "LIMIT_EXCEEDED" }),
    );
  });
});
