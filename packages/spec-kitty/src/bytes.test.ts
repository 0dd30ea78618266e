import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase64, toBase64 } from "./bytes.ts";
import { clip, jsonBytes } from "./text.ts";

test("base64 is what Node writes, and comes back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
      expect(fromBase64(toBase64(bytes))).toEqual(bytes);
    }),
  );
});

test("the size of a text in JSON is known without writing it", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme" }),
      fc.string({ unit: fc.constantFrom("\u0000", "\n", '"', "\\", "é", "\u2028", "😀") }),
      (a, b) => {
        expect(jsonBytes(a + b)).toBe(Buffer.byteLength(JSON.stringify(a + b)) - 2);
      },
    ),
  );
});

test("a clipped text is within bounds and never ends in half a character", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 2, max: 20 }), (text, max) => {
      const clipped = clip(text, max);
      expect(clipped.length).toBeLessThanOrEqual(max);
      expect((clipped as unknown as { isWellFormed(): boolean }).isWellFormed()).toBe(true);
    }),
  );
});
