/** What a log does not do, each in the words of a defect that another system was found to have (docs/requirements.md). */
import fs from "node:fs";
import { type EventStore, emptyHead, type StreamHead } from "@mission-ledger/core";
import { allEvents, put, putMany, noteStream as stream, tryPut } from "@mission-ledger/testkit";
import { describe, expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { openFileStore } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { faultyFiles } from "../testing/faulty-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";

/** Appends behind whatever stands there by now. */
const append = async (store: EventStore, commandId: string, events = 1): Promise<StreamHead> => {
  for (;;) {
    const answer = await tryPut(store, await store.head(stream), commandId, { events });
    if (answer._tag === "Conflict") continue;
    await store.readBack(answer);
    return answer.head;
  }
};

const twoHandles = async (directory: string): Promise<readonly EventStore[]> =>
  Promise.all([openFileStore({ directory }), openFileStore({ directory })]);

describe("a log", () => {
  test("gets no byte without its lock, from one command or from many at once", async () => {
    const directory = scratchDirectory();
    const { log } = layoutOf(directory).of(stream);
    let held = 0;
    let [written, unlocked] = [0, 0];
    const files: FilePort = {
      ...nodeFiles,
      tryLock: (fd) => {
        const isTaken = nodeFiles.tryLock(fd);
        if (isTaken) held += 1;
        return isTaken;
      },
      waitForLock: async (fd) => {
        await nodeFiles.waitForLock(fd);
        held += 1;
      },
      unlock: (fd) => {
        held -= 1;
        nodeFiles.unlock(fd);
      },
      write: (fd, ...rest) => {
        if (nodeFiles.fstat(fd).ino === nodeFiles.lstat(log)?.ino) {
          written += 1;
          if (held === 0) unlocked += 1;
        }
        return nodeFiles.write(fd, ...rest);
      },
    };
    const store = await openFileStore({ directory, files });
    await put(store, emptyHead, "one");
    await append(store, "several", 8);
    await Promise.all(["a", "b", "c", "d"].map((commandId) => append(store, commandId)));
    await store.close();
    expect({ unlocked, held }).toEqual({ unlocked: 0, held: 0 });
    expect(written).toBeGreaterThan(3);
  });

  test("loses none of 400 events that two handles append in batches, without a lock of the caller's", async () => {
    const stores = await twoHandles(scratchDirectory());
    await Promise.all(
      stores.map(async (store, handle) => {
        for (let batch = 0; batch < 50; batch += 1) await append(store, `h${handle}-${batch}`, 4);
      }),
    );
    for (const store of stores) {
      expect(await allEvents(store.read(stream))).toHaveLength(400);
      await store.close();
    }
  });

  test("with a torn last line fails no reader of the mission", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    await putMany(store, 3);
    fs.appendFileSync(layoutOf(directory).of(stream).log, '{"v":1,"stream":"miss');
    for (const reader of [store, await openFileStore({ directory })]) {
      expect(await allEvents(reader.read(stream))).toHaveLength(3);
      expect(await allEvents(reader.readAll())).toHaveLength(3);
      expect((await reader.head(stream)).revision).toBe(2);
      await reader.close();
    }
  });

  test("with a torn last line takes the next append, says so, and doubles nothing when it is retried", async () => {
    const directory = scratchDirectory();
    const store = await openFileStore({ directory });
    const head = await putMany(store, 2);
    fs.appendFileSync(layoutOf(directory).of(stream).log, '{"v":1,"stream":"miss');
    const first = await put(store, head, "next");
    const [cold, again] = await Promise.all([openFileStore({ directory }), put(store, head, "next")]);
    expect([first.repeated, again.repeated, again.head]).toEqual([false, true, first.head]);
    expect((await put(cold, head, "next")).repeated).toBe(true);
    expect((await allEvents(cold.read(stream))).map(({ commandId }) => commandId)).toEqual([
      "c0",
      "c1",
      "next",
    ]);
    await store.close();
    await cold.close();
  });

  test("of any length costs an append the same: what is asked of the disk does not grow with it", async () => {
    const costAt = async (records: number) => {
      const directory = scratchDirectory();
      const watched = faultyFiles();
      const store = await openFileStore({ directory, files: watched.files });
      const head = await putMany(store, records);
      const before = { ...watched.calls, bytes: watched.bytesRead };
      await put(store, head, "measured");
      await store.close();
      const of = (call: string): number => (watched.calls[call] ?? 0) - ((before as never)[call] ?? 0);
      return {
        bytes: watched.bytesRead - before.bytes,
        calls: ["open", "read", "write", "fdatasync", "fsync"].map(of),
      };
    };
    const [short, long] = [await costAt(20), await costAt(500)];
    for (const [index, count] of long.calls.entries())
      expect(count).toBeLessThanOrEqual(short.calls[index] as number);
    // The numbers in a record take more digits.
    expect(long.bytes - short.bytes).toBeLessThan(64);
  });

  test("is never cut back by an append that failed, so that nothing others wrote meanwhile is lost", async () => {
    const directory = scratchDirectory();
    const { log } = layoutOf(directory).of(stream);
    const faulty = faultyFiles();
    const [failing, other] = [
      await openFileStore({ directory, files: faulty.files }),
      await openFileStore({ directory }),
    ];
    let head = await putMany(failing, 2);
    for (const bytes of [1, 40, 200]) {
      const size = fs.statSync(log).size;
      faulty.shortenNextWrite(bytes);
      faulty.failOnce("write", "ENOSPC", 1);
      await put(failing, head, `failed-${bytes}`).catch(() => undefined);
      expect(fs.statSync(log).size).toBeGreaterThanOrEqual(size);
      head = await append(other, `other-${bytes}`);
    }
    const commands = (await allEvents(failing.read(stream))).map(({ commandId }) => commandId);
    expect(commands.filter((commandId) => commandId.startsWith("other"))).toHaveLength(3);
    await failing.close();
    await other.close();
  });

  test("says of each record which one it follows, so that one of two writers on one state is told of the other", async () => {
    const [ada, bob] = (await twoHandles(scratchDirectory())) as [EventStore, EventStore];
    const { head } = await put(ada, emptyHead, "first");
    const answers = await Promise.all([tryPut(ada, head, "ada"), tryPut(bob, head, "bob")]);
    expect(answers.map(({ _tag }) => _tag).sort()).toEqual(["Appended", "Conflict"]);
    const events = await allEvents(bob.read(stream));
    expect(events.map(({ previous }) => previous)).toEqual([null, events[0]?.digest]);
    await ada.close();
    await bob.close();
  });
});
