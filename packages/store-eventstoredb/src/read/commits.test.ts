import { type Commit, emptyHead } from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import type { LedgerEvent } from "../layout/stored-event.ts";
import { type CommitsOptions, readCommits } from "./commits.ts";

const stream = "mission-p";

/** Events of commands of so many events each, as they stand in a stream. */
const eventsOf = (...counts: readonly number[]): readonly LedgerEvent[] =>
  counts.flatMap((count, command) =>
    Array.from({ length: count }, (_, index): LedgerEvent => {
      const revision = counts.slice(0, command).reduce((sum, one) => sum + one, 0) + index;
      return {
        recorded: {
          id: `e${revision}`,
          type: "Noted",
          version: 1,
          stream,
          revision,
          recordedAt: "2026-03-01T10:00:00.000Z",
          actor: "ada",
          commandId: `c${command}`,
          data: {},
          previous: revision === 0 ? null : `d${revision - 1}`,
          digest: `d${revision}`,
          position: String(revision),
        },
        commandDigest: `digest of c${command}`,
        index,
        count,
        writer: "w",
      };
    }),
  );

const commitsIn = async (
  events: readonly LedgerEvent[],
  options: CommitsOptions = {},
): Promise<readonly string[]> => {
  const { after = emptyHead, to = Number.MAX_SAFE_INTEGER } = options;
  const wanted = events.filter(({ recorded: { revision } }) => revision > after.revision && revision <= to);
  const reader = {
    pages: async function* () {
      for (let at = 0; at < wanted.length; at += 2) yield wanted.slice(at, at + 2);
    },
  };
  const commits: Commit[] = [];
  for await (const page of readCommits(reader, stream, options)) commits.push(...page);
  return commits.map(({ commandId, events: own }) => `${commandId} ${own.length}`);
};

describe("commits of a stream", () => {
  test("are whole across pages, between a head and a revision", async () => {
    const events = eventsOf(1, 3, 2);
    expect(await commitsIn(events)).toEqual(["c0 1", "c1 3", "c2 2"]);
    expect(await commitsIn(events, { to: 4 })).toEqual(["c0 1", "c1 3"]);
    expect(await commitsIn(events, { to: 2 })).toEqual(["c0 1"]);
    const after = (revision: number) => ({ after: { revision, digest: `d${revision}` } });
    expect(await commitsIn(events, after(0))).toEqual(["c1 3", "c2 2"]);
    expect(await commitsIn(events, after(2))).toEqual(["c2 2"]);
    expect(await commitsIn(events, after(5))).toEqual([]);
  });

  test.each([
    ["the end of a command", [0, 1, 2]],
    ["the middle of a command", [0, 1, 3, 4, 5]],
    ["the beginning of a command", [0, 2, 3, 4, 5]],
    ["the first one", [2, 3, 4, 5]],
  ])("that lack %s are a fault, never a shorter history", async (_, kept) => {
    const events = eventsOf(1, 3, 2).filter(({ recorded }) => kept.includes(recorded.revision));
    await expect(commitsIn(events)).rejects.toMatchObject({ code: "LOG_CORRUPT" });
  });
});
