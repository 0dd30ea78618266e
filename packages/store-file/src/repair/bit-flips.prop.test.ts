import fs from "node:fs";
import { putMany, noteStream as stream } from "@mission-ledger/testkit";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { openFileStore } from "../index.ts";
import { inspectFile } from "../inspect.ts";
import { layoutOf } from "../layout.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { planRepair, type RepairPlan } from "./plan.ts";

const paths = layoutOf("/nowhere").of(stream);
let sound: Buffer;
beforeAll(async () => {
  const directory = scratchDirectory();
  const store = await openFileStore({ directory });
  await putMany(store, 4, { data: { note: "J*, Grüße" }, events: 2 });
  await store.close();
  sound = fs.readFileSync(layoutOf(directory).of(stream).log);
});

/** A file that is nothing but these bytes. */
const fileOf = (bytes: Buffer): FilePort => ({
  ...nodeFiles,
  read: (_fd, buffer, offset, length, position) => bytes.copy(buffer, offset, position, position + length),
});
const isLocated = (bytes: Buffer, first: number, last: number): boolean =>
  inspectFile(fileOf(bytes), 0, paths, false).findings.some(
    ({ offset, length }) => offset <= last && offset + length > first,
  );
const newLog = (plan: RepairPlan, bytes: Buffer): Buffer =>
  Buffer.concat([...plan.lines.read(fileOf(bytes), 0)]);

describe("a small log", () => {
  test("gives away every flipped bit by its place, and gets every one back", () => {
    const damaged = Buffer.from(sound);
    for (let bit = 0; bit < sound.length * 8; bit += 1) {
      const at = bit >>> 3;
      damaged[at] = (sound[at] as number) ^ (1 << (bit & 7));
      if (!isLocated(damaged, at, at))
        expect.unreachable(`bit ${bit & 7} of byte ${at} is not noticed there`);
      const plan = planRepair(fileOf(damaged), 0, paths, undefined);
      const isBack = plan.missing.length === 0 && newLog(plan, damaged).equals(sound);
      if (!isBack) expect.unreachable(`bit ${bit & 7} of byte ${at} is not restored`);
      damaged[at] = sound[at] as number;
    }
  });

  test("gives away bursts of up to 32 bits by their place, and never becomes another log than it was or a part of it", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 2, max: 32 }),
        fc.nat({ max: 2 ** 31 - 1 }),
        (start, length, pattern) => {
          const damaged = Buffer.from(sound);
          const from = start % (sound.length * 8 - length);
          for (let bit = 0; bit < length; bit += 1)
            if (bit === 0 || bit === length - 1 || (pattern >>> (bit - 1)) & 1) {
              const at = (from + bit) >>> 3;
              damaged[at] = (damaged[at] as number) ^ (1 << ((from + bit) & 7));
            }
          expect(isLocated(damaged, from >>> 3, (from + length - 1) >>> 3)).toBe(true);
          const plan = planRepair(fileOf(damaged), 0, paths, undefined);
          const after = newLog(plan, damaged);
          expect(sound.subarray(0, after.length).equals(after)).toBe(true);
          expect(plan.missing.length > 0 || after.equals(sound)).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
