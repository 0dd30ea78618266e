import path from "node:path";
import { type EventStore, emptyHead } from "@mission-ledger/core";
import { allEvents, commitOn, expectedAfter, noteStream as stream } from "@mission-ledger/testkit";
import { expect, test } from "vitest";
import { inspectDatabase, openSqliteStore } from "../index.ts";
import { scratchDirectory } from "../testing/scratch.ts";

/** Appends at whatever end the stream has, deciding again under the lock; answers the revisions it was given. */
const writeMany = async (store: EventStore, writer: number, count: number): Promise<readonly number[]> => {
  const revisions: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const commandId = `w${writer}-${index}`;
    const appended = await store.append({
      commit: commitOn(emptyHead, commandId),
      expected: expectedAfter(emptyHead),
      decideAgain: (_, head) => commitOn(head, commandId),
    });
    if (appended._tag === "Conflict") throw new Error("a conflict under the lock");
    await store.readBack(appended);
    revisions.push(appended.head.revision);
  }
  return revisions;
};

test("six stores on one file each write all they want, and no revision is claimed twice", async () => {
  const file = path.join(scratchDirectory(), "ledger.db");
  const stores = await Promise.all(Array.from({ length: 6 }, () => openSqliteStore({ path: file })));
  const written = await Promise.all(stores.map((store, writer) => writeMany(store, writer, 25)));
  expect(written.flat().sort((one, other) => one - other)).toEqual(
    Array.from({ length: 150 }, (_, index) => index),
  );
  const events = await allEvents((stores[0] as EventStore).read(stream));
  expect(new Set(events.map(({ commandId }) => commandId)).size).toBe(150);
  for (const store of stores) await store.close();
  expect(await inspectDatabase({ path: file })).toMatchObject({ events: 150, findings: [] });
});

test("sixty-four appends at once are one transaction, each with its own readback", async () => {
  const file = path.join(scratchDirectory(), "ledger.db");
  let commits = 0;
  const store = await openSqliteStore({
    path: file,
    failpoint: (name) => {
      if (name === "append:commit") commits += 1;
    },
  });
  const answers = await Promise.all(
    Array.from({ length: 64 }, (_, index) =>
      store.append({
        commit: commitOn(emptyHead, "c", { stream: `mission-${index}` }),
        expected: "no_stream",
      }),
    ),
  );
  expect(commits).toBe(1);
  for (const answer of answers) {
    if (answer._tag === "Conflict") throw new Error("a conflict");
    expect(await store.readBack(answer)).toMatchObject([{ stream: answer.commit.stream }]);
  }
  await store.close();
});

test("timers come to their turn while a store appends without pause", async () => {
  const store = await openSqliteStore({ path: path.join(scratchDirectory(), "ledger.db") });
  let fired = false;
  const timer = setTimeout(() => {
    fired = true;
  }, 1);
  for (let index = 0; !fired && index < 20_000; index += 1)
    await store.append({
      commit: commitOn(emptyHead, `c${index}`, { stream: `mission-${index}` }),
      expected: "no_stream",
      hasFreshId: true,
    });
  clearTimeout(timer);
  expect(fired).toBe(true);
  await store.close();
});
