import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { graphStream, growCopies, growGraph } from "../testing/branch-graphs.ts";
import { choices, pickFrom } from "../testing/choices.ts";
import { arrange } from "./arrange.ts";
import { digestOfRecord } from "./identity.ts";
import { mergeCopies } from "./merge.ts";
import { readCopy } from "./read-copy.ts";

const histories = fc.tuple(choices, choices).map(([graph, rest]) => {
  const records = growGraph(pickFrom(graph));
  const pick = pickFrom(rest);
  const copies = growCopies(records, pick).map((lines, index) =>
    Buffer.concat(pick(4) === 1 ? [...lines, Buffer.from(`{"v":1,"str${index % 2} #torn\n`)] : lines),
  );
  return { copies, pick, toString: () => `${copies.length} copies of ${records.length} records` };
});

const none = Buffer.alloc(0);

const merged = (ours: Buffer, theirs: Buffer, base: Buffer = none): Buffer => {
  const result = mergeCopies({ base, ours, theirs, stream: graphStream, encoded: graphStream });
  if (result._tag === "Refused") throw new Error(`${result.kind}: ${result.why}`);
  return result.bytes;
};

const read = (bytes: Buffer) => readCopy(bytes, graphStream, graphStream);
const digestsIn = (bytes: Buffer): readonly string[] =>
  read(bytes).records.map(({ record }) => digestOfRecord(record));
const arranged = (bytes: Buffer) => {
  const { chain, demoted, open, orphans, clashes } = arrange(read(bytes).records);
  const lines = (copies: readonly { readonly line: Buffer }[]) => copies.map(({ line }) => line.toString());
  return {
    chain: lines(chain),
    demoted: lines(demoted),
    open: open.map(({ records }) => lines(records)),
    orphans: lines(orphans),
    clashes,
  };
};

describe("merging two copies", () => {
  test("gives the same bytes for ours and theirs exchanged", () => {
    fc.assert(
      fc.property(histories, ({ copies: [ours = none, theirs = none, base = none] }) => {
        expect(merged(theirs, ours, base).equals(merged(ours, theirs, base))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test("changes nothing when it is done again", () => {
    fc.assert(
      fc.property(histories, ({ copies: [ours = none, theirs = none] }) => {
        const once = merged(ours, theirs);
        expect(merged(once, once).equals(once)).toBe(true);
        expect(merged(once, ours).equals(once)).toBe(true);
        expect(merged(theirs, once, ours).equals(once)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test("of all branches gives the same bytes in every order", () => {
    fc.assert(
      fc.property(histories, ({ copies, pick }) => {
        const inAnyOrder = (): Buffer => {
          const left: Buffer[] = [...copies];
          while (left.length > 1) {
            const [ours = none] = left.splice(pick(left.length), 1);
            const [theirs = none] = left.splice(pick(left.length), 1);
            left.push(merged(ours, theirs, pick(2) === 0 ? none : copies[0]));
          }
          return left[0] as Buffer;
        };
        const first = inAnyOrder();
        expect(inAnyOrder().equals(first)).toBe(true);
        expect(inAnyOrder().equals(first)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test("loses nothing that was in either copy, and holds it once", () => {
    fc.assert(
      fc.property(histories, ({ copies: [ours = none, theirs = none] }) => {
        const result = merged(ours, theirs);
        expect(digestsIn(result).toSorted()).toEqual(
          [...new Set([...digestsIn(ours), ...digestsIn(theirs)])].toSorted(),
        );
        const fragments = (bytes: Buffer) => read(bytes).sealed.map(String);
        expect(fragments(result)).toEqual(
          [...new Set([...fragments(ours), ...fragments(theirs)])].toSorted(),
        );
        const lines = new Set(
          [ours, theirs].flatMap((bytes) => read(bytes).records.map(({ line }) => line.toString())),
        );
        expect(read(result).records.every(({ line }) => lines.has(line.toString()))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test("puts each record behind the one it follows, and concurrent ones by number", () => {
    fc.assert(
      fc.property(histories, ({ copies: [ours = none, theirs = none] }) => {
        const { records } = read(merged(ours, theirs));
        const seen = new Set<string>();
        const all = new Set(records.map(({ record }) => digestOfRecord(record)));
        for (const [index, { record }] of records.entries()) {
          expect(record.previous === null || seen.has(record.previous) || !all.has(record.previous)).toBe(
            true,
          );
          seen.add(digestOfRecord(record));
          const next = records[index + 1]?.record;
          if (next !== undefined && next.previous !== digestOfRecord(record))
            expect(next.seq).toBeGreaterThanOrEqual(record.seq);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("is read as a union merge and as a conflicted file are", () => {
    fc.assert(
      fc.property(histories, ({ copies: [ours = none, theirs = none], pick }) => {
        const expected = arranged(merged(ours, theirs));
        const asLines = (bytes: Buffer) => bytes.toString("latin1").split(/(?<=\n)/);
        const union = [...asLines(ours), ...asLines(theirs)];
        expect(arranged(Buffer.from(union.join(""), "latin1"))).toEqual(expected);
        const end = pick(2) === 0 ? "\n" : "\r\n";
        const conflicted = [
          "<<<<<<< HEAD\n",
          ...asLines(ours),
          "||||||| 1234567\n",
          "=======\n",
          ...asLines(theirs),
          ">>>>>>> topic\n",
        ];
        const text = `${pick(2) === 0 ? "" : "\u00ef\u00bb\u00bf"}${conflicted.join("").replaceAll("\n", end)}`;
        const bytes = Buffer.from(text, "latin1");
        expect(arranged(bytes)).toEqual(expected);
        expect(read(bytes)).toMatchObject({ markers: 4, problems: [] });
      }),
      { numRuns: 200 },
    );
  });
});
