import {
  type Commit,
  digestOf,
  type EncodedEvent,
  type EventEnvelope,
  emptyHead,
  encodeReconciliation,
  type StreamHead,
  sealCommit,
} from "@mission-ledger/core";
import { noteStream as stream } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import { encodeRecord } from "../log/record.ts";
import { sealLine } from "../log/sealed-line.ts";
import { type Arranged, arrange } from "./arrange.ts";
import { digestOfRecord } from "./identity.ts";
import { type CopyRecord, readCopy } from "./read-copy.ts";

interface Made {
  readonly commit: Commit;
  readonly head: StreamHead;
  readonly line: Buffer;
}

const notes = (count: number, note = "text"): readonly EncodedEvent[] =>
  Array.from({ length: count }, (_, at) => ({ type: "Noted", version: 1, data: { note, at } }));

interface Options {
  readonly seq?: number;
  readonly events?: readonly EncodedEvent[];
  readonly commandDigest?: string;
}

const made = (
  after: Made | undefined,
  commandId: string,
  { seq = 1, events = notes(1), commandDigest = digestOf({ commandId }) }: Options = {},
): Made => {
  const recordedAt = "2026-01-02T03:04:05.678Z";
  const context = { stream, commandId, commandDigest, recordedAt, actor: "agent-1" };
  const commit = sealCommit(after?.head ?? emptyHead, context, events);
  const { revision, digest } = commit.events.at(-1) as EventEnvelope;
  return { commit, head: { revision, digest }, line: encodeRecord(commit, { origin: "o", seq }, 1_000_000) };
};

/** A decision that the line ending in `winner` goes on, and none of the others. */
const decided = (winner: Made, losers: readonly Made[], commandId: string, follows: Made = winner): Made => {
  const events = [
    encodeReconciliation({
      type: "StreamReconciled",
      winner: winner.head.digest as string,
      losers: losers.map(({ commit, head }) => ({
        digest: head.digest as string,
        eventId: (commit.events.at(-1) as EventEnvelope).id,
        revision: head.revision,
        forksAfter: null,
        events: 1,
      })),
    }),
  ];
  return made(follows, commandId, { seq: 50, events });
};

const read = (lines: readonly Buffer[]): readonly CopyRecord[] =>
  readCopy(Buffer.concat(lines), stream, stream).records;

const all = (...records: readonly Made[]): Arranged => arrange(read(records.map(({ line }) => line)));
const onLedger = (chain: readonly Made[], ...records: readonly Made[]): Arranged =>
  arrange(read([...chain, ...records].map(({ line }) => line)), {
    chain: new Set(chain.map(({ head }) => head.digest as string)),
  });

const names = (copies: readonly CopyRecord[]): string =>
  copies.map(({ record }) => record.commandId).join(" ");
const shown = ({ chain, demoted, open, orphans, clashes }: Arranged) => ({
  chain: names(chain),
  demoted: names(demoted),
  open: open.map(({ records }) => names(records)),
  orphans: names(orphans),
  clashes: clashes.map(({ kind, copy }) => `${kind} ${copy.record.commandId}`),
});
const nothingElse = { demoted: "", open: [], orphans: "", clashes: [] };

const root = made(undefined, "root");
const mine = made(root, "mine", { seq: 2 });
const yours = made(root, "yours", { seq: 3 });
const later = made(yours, "later", { seq: 4 });

describe("a fork", () => {
  test("goes on with the lowest number where nothing else decides", () => {
    expect(shown(all(root, mine, yours, later))).toEqual({
      ...nothingElse,
      chain: "root mine",
      open: ["yours later"],
    });
  });

  test("goes on with what is local, whatever the numbers say", () => {
    const arranged = onLedger([root, yours], mine, later);
    expect(shown(arranged)).toEqual({ ...nothingElse, chain: "root yours later", open: ["mine"] });
    expect(arranged.open[0]?.forksAfter).toEqual(root.head);
  });

  test("may be the start of the stream", () => {
    const other = made(undefined, "other", { seq: 9 });
    const arranged = all(root, other);
    expect(shown(arranged)).toEqual({ ...nothingElse, chain: "root", open: ["other"] });
    expect(arranged.open[0]?.forksAfter).toEqual({ revision: -1, digest: null });
  });

  test("within a branch makes two branches that share their beginning", () => {
    const again = made(yours, "again", { seq: 5 });
    const { open, openRecords } = all(root, mine, yours, later, again);
    expect(open.map(({ records, shared }) => [names(records), shared])).toEqual([
      ["yours later", 0],
      ["yours again", 1],
    ]);
    expect(open.every(({ forksAfter }) => forksAfter.digest === root.head.digest)).toBe(true);
    expect(names(openRecords)).toBe("yours later again");
  });
});

describe("a decision", () => {
  test("demotes the branch whose end it names", () => {
    const decision = decided(mine, [later], "decision");
    expect(shown(all(root, mine, yours, later, decision))).toEqual({
      ...nothingElse,
      chain: "root mine decision",
      demoted: "yours later",
    });
  });

  test("wins over the lower number", () => {
    const decision = decided(later, [mine], "decision");
    const expected = { ...nothingElse, chain: "root yours later decision", demoted: "mine" };
    expect(shown(all(root, mine, yours, later, decision))).toEqual(expected);
  });

  test("that arrives replaces a local chain whose end it names", () => {
    const decision = decided(later, [mine], "decision");
    const expected = { ...nothingElse, chain: "root yours later decision", demoted: "mine" };
    expect(shown(onLedger([root, mine], yours, later, decision))).toEqual(expected);
  });

  test("that did not know all that is local leaves the local chain, and waits for another", () => {
    const since = made(mine, "since");
    const decision = decided(later, [mine], "decision");
    const arranged = onLedger([root, mine, since], yours, later, decision);
    expect(shown(arranged)).toEqual({
      ...nothingElse,
      chain: "root mine since",
      open: ["yours later decision"],
    });
  });

  test("leaves the local chain while a part of it is not at hand", () => {
    const decision = decided(later, [mine], "decision");
    const local = new Set([root, mine].map(({ head }) => head.digest as string)).add("f".repeat(64));
    const { chain } = arrange(read([root, mine, yours, later, decision].map(({ line }) => line)), {
      chain: local,
    });
    expect(names(chain)).toBe("root mine");
  });

  test("is asked for again when somebody went on behind what it decided against", () => {
    const decision = decided(mine, [yours], "decision");
    expect(shown(all(root, mine, yours, decision)).demoted).toBe("yours");
    expect(shown(all(root, mine, yours, decision, later))).toMatchObject({
      demoted: "",
      open: ["yours later"],
    });
    const second = decided(decision, [later], "second");
    expect(shown(all(root, mine, yours, decision, later, second))).toMatchObject({
      demoted: "yours later",
      open: [],
    });
  });

  test("against another one stays open on both sides", () => {
    const here = decided(mine, [yours], "here");
    const there = decided(yours, [mine], "there");
    expect(shown(onLedger([root, mine, here], yours, there))).toMatchObject({
      chain: "root mine here",
      open: ["yours there"],
    });
    expect(shown(onLedger([root, yours, there], mine, here))).toMatchObject({
      chain: "root yours there",
      open: ["mine here"],
    });
  });

  test("that names two others against each other ends the dispute, also for who has no ledger yet", () => {
    const here = decided(mine, [yours], "here");
    const there = decided(yours, [mine], "there");
    for (const [winner, loser] of [
      [here, there],
      [there, here],
    ] as const) {
      const third = decided(winner, [loser], "third");
      const expected = {
        open: [],
        chain: expect.stringMatching(/third$/),
        demoted: expect.stringMatching(/ere$/),
      };
      expect(shown(all(root, mine, yours, here, there, third))).toMatchObject(expected);
      expect(shown(onLedger([root, mine, here], yours, there, third))).toMatchObject(expected);
      expect(shown(onLedger([root, yours, there], mine, here, third))).toMatchObject(expected);
    }
  });

  test("that claims to follow another winner than it does decides nothing", () => {
    const forged = decided(root, [yours], "forged", mine);
    expect(shown(all(root, mine, yours, forged))).toMatchObject({ demoted: "", open: ["yours"] });
  });

  test("lets a command that was decided against be given again under its id", () => {
    const decision = decided(mine, [yours], "decision");
    const again = made(decision, "yours", { commandDigest: "another" });
    expect(shown(all(root, mine, yours, decision, again))).toMatchObject({
      chain: "root mine decision yours",
      demoted: "yours",
      clashes: [],
    });
  });
});

test("another command under an id that counts already waits for a decision, like any other branch", () => {
  const other = made(root, "mine", { seq: 8, events: notes(1, "other"), commandDigest: "another" });
  const behind = made(other, "behind");
  expect(shown(onLedger([root, mine], other, behind))).toEqual({
    ...nothingElse,
    chain: "root mine",
    open: ["mine behind"],
  });
});

describe("what is not taken in", () => {
  const forge = ({ line }: Made, from: string, to: string): Made["line"] =>
    sealLine(`${line.toString().replace(from, to).slice(0, -19)}}`);

  test("is a record whose content was changed under a right checksum, and what follows it", () => {
    const lines = [root.line, forge(yours, '"note":"text"', '"note":"test"'), later.line];
    expect(shown(arrange(read(lines)))).toEqual({
      ...nothingElse,
      chain: "root",
      orphans: "later",
      clashes: ["digest yours"],
    });
  });

  test("is an event under an id that is not its own", () => {
    const id = (root.commit.events[0] as EventEnvelope).id;
    const lines = [
      forge(
        root,
        id,
        id.replace(/^./, (digit) => (digit === "0" ? "1" : "0")),
      ),
    ];
    expect(shown(arrange(read(lines)))).toMatchObject({ chain: "", clashes: ["digest root"] });
  });

  test("is what has no canonical form", () => {
    for (const bad of ["1e999", "9007199254740993"]) {
      const lines = [forge(root, '"note":"text"', `"note":${bad}`)];
      expect(shown(arrange(read(lines)))).toMatchObject({ chain: "", clashes: ["digest root"] });
    }
    // Half a character makes it no record at all.
    const half = [forge(root, '"note":"text"', '"note":"\\ud800"')];
    expect(shown(arrange(read(half)))).toMatchObject({ chain: "", clashes: [] });
  });

  test("is a record that claims another revision than follows", () => {
    const skipping = made({ ...root, head: { ...root.head, revision: 5 } }, "skipping");
    expect(shown(all(root, skipping))).toMatchObject({ chain: "root", clashes: ["revision skipping"] });
  });

  test("is half a command, beside the whole", () => {
    const whole = made(root, "whole", { events: notes(3), seq: 9 });
    const half = made(root, "whole", { events: notes(2) });
    expect(shown(all(root, half, whole))).toEqual({
      ...nothingElse,
      chain: "root whole",
      clashes: ["part whole"],
    });
    expect(shown(onLedger([root, half], whole))).toMatchObject({
      chain: "root whole",
      clashes: ["part whole"],
    });
  });

  test("is a command a second time in its own line of events", () => {
    const twice = made(mine, "root", { seq: 7 });
    const behind = made(twice, "behind");
    expect(shown(all(root, mine, twice, behind))).toEqual({
      ...nothingElse,
      chain: "root mine",
      orphans: "behind",
      clashes: ["command_id root"],
    });
  });

  test("is a record without what it follows", () => {
    expect(shown(all(root, later))).toEqual({ ...nothingElse, chain: "root", orphans: "later" });
  });

  test("does not include one command that two copies carried out: that is a fork", () => {
    const again = made(root, "mine", { seq: 8, events: notes(1, "other") });
    expect(shown(all(root, mine, again))).toEqual({ ...nothingElse, chain: "root mine", open: ["mine"] });
  });
});

test("the digest of the last event is what a record is known by", () => {
  expect(read([mine.line]).map(({ record }) => digestOfRecord(record))).toEqual([mine.head.digest]);
});
