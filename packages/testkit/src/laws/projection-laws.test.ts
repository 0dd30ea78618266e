import type { Projection } from "@mission-ledger/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { additions, type CounterEvent, counterCodec } from "../counter.ts";
import { projectionLaws } from "./projection-laws.ts";

const events: fc.Arbitrary<readonly CounterEvent[]> = fc.array(
  fc.record({ type: fc.constant("Added" as const), amount: fc.integer({ min: 1, max: 9 }) }),
  { minLength: 1, maxLength: 8 },
);

const check = async (projection: Projection<never, CounterEvent>, name: string): Promise<void> => {
  const found = projectionLaws(projection, counterCodec, { events }).find((law) => law.name === name);
  if (found === undefined) throw new TypeError(`no law is named ${name}`);
  await found.check({ numRuns: 50, seed: 1 });
};

describe("the laws of projections", () => {
  for (const law of projectionLaws(additions, counterCodec, { events }))
    test(`hold for additions: ${law.name}`, () => law.check({ numRuns: 30 }));

  const broken: readonly {
    readonly name: string;
    readonly caughtBy: string;
    readonly projection: unknown;
  }[] = [
    {
      name: "a view that lives in memory only",
      caughtBy: "a view does not depend on where it was put down and taken up again",
      projection: {
        name: "set",
        version: 1,
        initial: { seen: [] },
        when: {
          Added: (view: { seen: unknown; size?: number }, { amount }: { amount: number }) => {
            const seen = new Set(view.seen instanceof Set ? (view.seen as Set<number>) : []).add(amount);
            return { seen, size: seen.size };
          },
        },
      },
    },
    {
      name: "a handler that changes the event",
      caughtBy: "a view changes no event and not the projection's beginning",
      projection: {
        name: "greedy",
        version: 1,
        initial: {},
        when: {
          Added: (_: unknown, __: unknown, meta: { actor: string }) => {
            const was = meta.actor;
            meta.actor = "me";
            return { was };
          },
        },
      },
    },
    {
      name: "a field of the data that is not among the needs",
      caughtBy: "a view needs nothing that it does not name",
      projection: {
        name: "forgetful",
        version: 1,
        initial: { total: 0 },
        when: {
          Added: ({ total }: { total: number }, { amount }: { amount: number }) => ({
            total: total + (amount ?? 0),
          }),
        },
        needs: { Added: { data: [] } },
      },
    },
    {
      name: "a field of the meta that is not among the needs",
      caughtBy: "a view needs nothing that it does not name",
      projection: {
        name: "nameless",
        version: 1,
        initial: { by: null },
        when: { Added: (_: unknown, __: unknown, { actor }: { actor?: string }) => ({ by: actor ?? null }) },
        needs: { Added: { data: [], meta: ["recordedAt"] } },
      },
    },
    {
      name: "a handler with a memory of its own",
      caughtBy: "a rebuilt view equals the live one",
      projection: (() => {
        let count = 0;
        return {
          name: "counting",
          version: 1,
          initial: {},
          when: {
            Added: () => {
              count += 1;
              return { count };
            },
          },
        };
      })(),
    },
  ];
  for (const { name, caughtBy, projection } of broken)
    test(`catch ${name}`, async () => {
      await expect(check(projection as Projection<never, CounterEvent>, caughtBy)).rejects.toThrow(
        "Property failed",
      );
    });
});
