import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type GraphRecord,
  graphStream,
  growCopies,
  growGraph,
  lineInCopy,
  lineOf,
  tipsOf,
} from "../testing/branch-graphs.ts";
import { choices, pickFrom } from "../testing/choices.ts";
import { type Arranged, arrange } from "./arrange.ts";
import { compareRecords, digestOfRecord } from "./identity.ts";
import { type CopyRecord, readCopy } from "./read-copy.ts";

const read = (lines: readonly Buffer[]): readonly CopyRecord[] =>
  readCopy(Buffer.concat(lines), graphStream, graphStream).records;

const digests = (copies: readonly CopyRecord[]): readonly string[] =>
  copies.map(({ record }) => digestOfRecord(record));

/** What a person or a program would see. */
const shown = ({ chain, demoted, open, openRecords, orphans, clashes }: Arranged) => ({
  chain: digests(chain),
  demoted: digests(demoted),
  open: open.map(({ forksAfter, records, shared }) => ({ forksAfter, records: digests(records), shared })),
  openRecords: digests(openRecords),
  orphans: digests(orphans),
  clashes: clashes.map(({ kind, copy }) => `${kind} ${digestOfRecord(copy.record)}`),
});

const shuffled = <A>(values: readonly A[], pick: (below: number) => number): readonly A[] => {
  const left = [...values];
  return values.map(() => left.splice(pick(left.length), 1)[0] as A);
};

const graphs = fc.tuple(choices, choices).map(([graph, rest]) => {
  const records = growGraph(pickFrom(graph));
  return { records, pick: pickFrom(rest), toString: () => `${records.length} records` };
});

/** The records that a decision in a chain names: the ends and what stands behind them beside the chain. */
const namedInChain = (chain: ReadonlySet<GraphRecord>): ReadonlySet<GraphRecord> =>
  new Set(
    [...chain]
      .flatMap(({ against }) => against.flatMap((end) => [...lineOf(end)]))
      .filter((record) => !chain.has(record)),
  );

describe("arranging the records of several copies", () => {
  test("gives the same for every order of the lines, doubled or not", () => {
    fc.assert(
      fc.property(graphs, ({ records, pick }) => {
        const lines = growCopies(records, pick).flat();
        const expected = shown(arrange(read(lines)));
        for (let order = 0; order < 3; order += 1)
          expect(
            shown(arrange(read(shuffled([...lines, ...lines.slice(pick(lines.length))], pick)))),
          ).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  test("puts each record into exactly one place, and every event with it", () => {
    fc.assert(
      fc.property(graphs, ({ records, pick }) => {
        const lines = growCopies(records, pick).flat();
        const arranged = arrange(read(lines));
        expect(arranged.clashes).toEqual([]);
        const { chain, demoted, openRecords, orphans, open } = arranged;
        const all = digests([...chain, ...demoted, ...openRecords, ...orphans]);
        expect([...all].sort()).toEqual([...new Set(digests(read(lines)))].sort());
        expect(digests(open.flatMap((branch) => branch.records.slice(branch.shared))).toSorted()).toEqual(
          digests(openRecords).toSorted(),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("reports every fork, and demotes what decisions on the chain name to the end of each branch, nothing else", () => {
    fc.assert(
      fc.property(graphs, ({ records, pick }) => {
        const arranged = arrange(read(records.map((record) => lineInCopy(record, pick))));
        const byDigest = new Map(records.map((record) => [record.digest, record]));
        const chain = new Set(digests(arranged.chain).map((digest) => byDigest.get(digest) as GraphRecord));
        expect(lineOf([...chain].at(-1))).toEqual(new Set([...chain].reverse()));
        const named = namedInChain(chain);
        const beside = records.filter((record) => !chain.has(record));
        const behind = (record: GraphRecord) => tipsOf(records).filter((tip) => lineOf(tip).has(record));
        const settled = beside.filter((record) =>
          behind(record).every((tip) => [...lineOf(tip)].every((each) => chain.has(each) || named.has(each))),
        );
        expect(digests(arranged.demoted).toSorted()).toEqual(settled.map(({ digest }) => digest).toSorted());
        const open = beside.filter((record) => !settled.includes(record));
        expect(digests(arranged.openRecords).toSorted()).toEqual(open.map(({ digest }) => digest).toSorted());
        // Each branch is whole: from its fork on the chain to an end.
        for (const { forksAfter, records: branch } of arranged.open) {
          const line = digests(branch).map((digest) => byDigest.get(digest) as GraphRecord);
          expect(line[0]?.parent?.digest ?? null).toBe(forksAfter.digest);
          expect(
            forksAfter.digest === null || chain.has(byDigest.get(forksAfter.digest) as GraphRecord),
          ).toBe(true);
          expect(line.slice(1).map(({ parent }) => parent)).toEqual(line.slice(0, -1));
          expect(open.some(({ parent }) => parent === line.at(-1))).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("goes on at each fork with a record that no other branch decided against, and of those with the lowest", () => {
    fc.assert(
      fc.property(graphs, ({ records, pick }) => {
        const { chain, demoted, openRecords } = arrange(
          read(records.map((record) => lineInCopy(record, pick))),
        );
        const kept = new Map(
          [...chain, ...demoted, ...openRecords].map((copy) => [digestOfRecord(copy.record), copy]),
        );
        const isIn = (record: GraphRecord) => (end: GraphRecord) => lineOf(end).has(record);
        const names = (decision: GraphRecord, record: GraphRecord): boolean =>
          decision.against.some(isIn(record)) && !isIn(record)(decision);
        const counts = (decision: GraphRecord): boolean => !records.some((later) => names(later, decision));
        const passed = (record: GraphRecord): boolean =>
          records.some(
            (decision) =>
              counts(decision) &&
              names(decision, record) &&
              (record.parent === undefined || isIn(record.parent)(decision)),
          );
        let parent: GraphRecord | undefined;
        for (const digest of digests(chain)) {
          const siblings = records.filter((record) => record.parent === parent);
          const best = siblings.toSorted(
            (left, right) =>
              Number(passed(left)) - Number(passed(right)) ||
              compareRecords(kept.get(left.digest) as CopyRecord, kept.get(right.digest) as CopyRecord),
          );
          expect(digest).toBe(best[0]?.digest);
          parent = best[0];
        }
        expect(records.some((record) => record.parent === parent)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test("lets no record leave the local chain that no decision on the chain names", () => {
    let replaced = 0;
    fc.assert(
      fc.property(graphs, ({ records, pick }) => {
        const local = [...lineOf(records[pick(records.length)])];
        const lines = [
          ...growCopies(records, pick).flat(),
          ...local.map((record) => lineInCopy(record, pick)),
        ];
        const { chain } = arrange(read(lines), { chain: new Set(local.map(({ digest }) => digest)) });
        const byDigest = new Map(records.map((record) => [record.digest, record]));
        const now = new Set(digests(chain).map((digest) => byDigest.get(digest) as GraphRecord));
        const named = namedInChain(now);
        const left = local.filter((record) => !now.has(record));
        if (left.length > 0) replaced += 1;
        expect(left.filter((record) => !named.has(record))).toEqual([]);
      }),
      { numRuns: 500 },
    );
    expect(replaced).toBeGreaterThan(0);
  });

  test("takes a decision that arrived, on every ledger alike, where it names everything local", () => {
    fc.assert(
      fc.property(graphs, ({ records, pick }) => {
        const lines = records.map((record) => lineInCopy(record, pick));
        const tips = tipsOf(records);
        const decider = records.filter(({ against }) => against.length > 0).at(-1);
        fc.pre(decider !== undefined);
        const loser = decider.against.find((end) => tips.includes(end));
        fc.pre(loser !== undefined && !records.some(({ parent }) => parent === decider));
        const fork = [...lineOf(decider)].find((record) => lineOf(loser).has(record));
        // Without other forks on the way there is only one way to follow the decision.
        const beside = records.filter((record) => !lineOf(decider).has(record) && !lineOf(loser).has(record));
        fc.pre(beside.length === 0 && fork?.digest !== loser.digest);
        const after = arrange(read(lines), {
          chain: new Set([...lineOf(loser)].map(({ digest }) => digest)),
        });
        expect(after.chain.at(-1)?.record.events.at(-1)?.digest).toBe(decider.digest);
        expect(after.openRecords).toEqual([]);
      }),
      { numRuns: 200, maxSkipsPerRun: 1_000 },
    );
  });
});
