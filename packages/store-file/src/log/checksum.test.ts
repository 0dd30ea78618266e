import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32, portableCrc32 } from "./checksum.ts";

test("the checksum is that of zlib, before zlib is loaded and after", () => {
  expect(portableCrc32(Buffer.from("123456789"))).toBe(0xcbf43926);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5_000 }), (bytes) => {
      expect(portableCrc32(bytes)).toBe(zlibCrc32(bytes));
      expect(crc32(bytes)).toBe(zlibCrc32(bytes));
    }),
    { numRuns: 200 },
  );
});
