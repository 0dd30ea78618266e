import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf, eventIdOf, eventNamespace, nameBasedUuid, portableHashes, sha256Hex } from "./digest.ts";

describe("sha256Hex", () => {
  // Source: FIPS 180-4 examples (NIST CSRC).
  test.each([
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
    ["a".repeat(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
  ])("gives the published digest of a known text", (text, digest) => {
    expect(sha256Hex(text)).toBe(digest);
  });

  test("takes text as UTF-8", () => {
    expect(sha256Hex("\u00e9")).not.toBe(sha256Hex("e\u0301"));
    expect(sha256Hex("\u20ac")).toBe("c4cc90ed3d26f12d4b08a75140970a7904035c31cbb4515a83f19b9003c00d1d");
  });
});

describe("digestOf", () => {
  test("is the digest of the canonical text", () => {
    expect(digestOf({ b: 1, a: [2] })).toBe(sha256Hex('{"a":[2],"b":1}'));
  });
});

describe("nameBasedUuid", () => {
  const dns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

  // Source: the example of RFC 9562 appendix A.4; the value is also what Python's uuid.uuid5 and node:crypto's SHA-1 give.
  test("gives the RFC's id for the RFC's example", () => {
    expect(nameBasedUuid(dns, "www.example.com")).toBe("2ed6657d-e927-568b-95e1-2665a8aea6a2");
  });

  // Source: Python's uuid.uuid5(uuid.NAMESPACE_DNS, "python.org").
  test("gives Python's id for Python's example", () => {
    expect(nameBasedUuid(dns, "python.org")).toBe("886313e1-3b8a-5372-9b90-0c9aee199e5d");
  });

  test("hashes all of a name behind its space, whatever was hashed before", () => {
    const space = Uint8Array.from(Buffer.from(dns.replaceAll("-", ""), "hex"));
    const hexOf = (name: string): string => portableHashes.sha1(Buffer.concat([space, Buffer.from(name)]));
    const bare = (id: string): string => id.replaceAll("-", "");
    for (const name of ["x".repeat(5_000), "€".repeat(340), "a", "é", "", "x".repeat(336), "x".repeat(337)]) {
      const [id, hex] = [bare(nameBasedUuid(dns, name)), hexOf(name)];
      expect(id.slice(0, 12) + id.slice(13, 16)).toBe(hex.slice(0, 12) + hex.slice(13, 16));
      expect(id.slice(17)).toBe(hex.slice(17, 32));
    }
  });

  test("has the version and the variant in their places", () => {
    for (let index = 0; index < 64; index += 1)
      expect(nameBasedUuid(eventNamespace, String(index))).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
  });
});

describe("eventIdOf", () => {
  test("is the same for the same command and index, and no other", () => {
    expect(eventIdOf("s-1", "c1", 0)).toBe(eventIdOf("s-1", "c1", 0));
    const ids = ["c1", "c2", "c1/0"].flatMap((commandId) =>
      [0, 1, 10].map((index) => eventIdOf("s-1", commandId, index)),
    );
    expect(new Set(ids).size).toBe(9);
  });
});

describe("the platform's hashes and the portable ones", () => {
  test("are the same for any text and any bytes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(portableHashes.sha256(text)).toBe(sha256Hex(text));
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(portableHashes.sha256(bytes)).toBe(sha256Hex(bytes));
      }),
    );
    expect(portableHashes.sha1(new TextEncoder().encode("abc"))).toBe(
      "a9993e364706816aba3e25717850c26c9cd0d89d",
    );
  });
});
