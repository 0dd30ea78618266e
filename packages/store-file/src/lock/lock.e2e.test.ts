import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { type Conflict, type EventStore, emptyHead, type RecordedEvent } from "@mission-ledger/core";
import {
  allEvents,
  commitOn,
  expectedAfter,
  put,
  noteStream as stream,
  tryPut,
} from "@mission-ledger/testkit";
import { beforeAll, describe, expect, test } from "vitest";
import { freeLock, inspectLock, inspectStream, openFileStore } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { openBelow } from "../testing/open-files.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { bundleWorker, type Worker } from "../testing/worker-bundle.ts";

let worker: Worker;

beforeAll(async () => {
  worker = await bundleWorker();
  return () => worker.remove();
});

const revisionsOf = (events: readonly RecordedEvent[]): readonly number[] =>
  events.map(({ revision }) => revision);

const kinds = ["kernel", "generation"] as const;

describe.skipIf(process.platform === "win32").each(kinds)("a holder of a %s lock that is stopped", (lock) => {
  test.each(["append:catch-up", "append:write"])(
    "at %s is named by those who wait in vain, and goes on beside nobody",
    async (point) => {
      const directory = scratchDirectory();
      const { child, resume } = await worker.startStopping({
        directory,
        name: "stopped",
        ending: `stop:${point}@0`,
        lock,
      });
      const store = await openFileStore({ directory, lock, lockTimeoutMs: 100 });
      for (let turn = 0; turn < 2; turn += 1)
        await expect(put(store, await store.head(stream), `other-${turn}`)).rejects.toMatchObject({
          code: "LOCK_TIMEOUT",
          outcome: "not_written",
          details: { kind: lock, holder: { pid: child.pid, state: "alive", proven: true } },
        });
      expect(inspectLock({ directory, stream })).toMatchObject({ state: "held", holder: { pid: child.pid } });
      expect(await resume()).toMatchObject({ acknowledged: ["stopped-0"] });
      await put(store, await store.head(stream), "other-2");
      const events = await allEvents(store.read(stream));
      expect(events.map(({ commandId }) => commandId)).toEqual(["stopped-0", "other-2"]);
      expect(revisionsOf(events)).toEqual([0, 1]);
      await store.close();
    },
  );
});

describe.skipIf(process.platform === "win32").each(kinds)("the file of a %s lock", (lock) => {
  test.each(["deleted", "replaced"])(
    "that is %s while it is held lets another in: one of the two gets the revision, the other a conflict",
    async (how) => {
      const directory = scratchDirectory();
      const { lock: file, encoded } = layoutOf(directory).of(stream);
      let acknowledged: readonly string[] = [];
      const store: EventStore = await openFileStore({
        directory,
        lock,
        failpoint: (point) => {
          if (point !== "append:open" || acknowledged.length > 0) return;
          acknowledged = ["under way"];
          fs.rmSync(file);
          fs.rmSync(file.replace(`${encoded}.lock`, "generation"), { recursive: true, force: true });
          if (how === "replaced") fs.writeFileSync(file, "", { mode: 0o600 });
          acknowledged = worker.runSync({ directory, name: "intruder", lock });
        },
      });
      let conflict: Conflict | undefined;
      try {
        const answer = await tryPut(store, emptyHead, "first");
        if (answer._tag === "Conflict") conflict = answer;
        else {
          const readBack = await store.readBack(answer);
          if (!Array.isArray(readBack)) conflict = readBack as Conflict;
        }
      } catch (error) {
        expect(error).toMatchObject({ outcome: "not_written" });
      }
      expect(acknowledged).toEqual(["intruder-0"]);
      const events = await allEvents(store.read(stream));
      expect(events[0]?.commandId).toBe("intruder-0");
      if (conflict === undefined) expect(events.filter(({ commandId }) => commandId === "first")).toEqual([]);
      expect(inspectStream({ directory, stream }).findings).toEqual([]);
      await put(store, await store.head(stream), "after");
      await store.close();
    },
  );
});

const mayUnshare = ((): boolean => {
  try {
    execFileSync("unshare", ["-p", "-f", "--mount-proc", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
if (!mayUnshare) console.log("SKIPPED: locks across pid namespaces (unshare -p needs root on Linux)");

describe.skipIf(!mayUnshare)("a holder in another pid namespace", () => {
  /** Stopped under its lock, not as the first process there, which no signal stops. */
  const holding = (directory: string, lock: string) =>
    worker.startStopping({
      directory,
      name: "elsewhere",
      commands: 2,
      ending: "stop:append:write@1",
      lock,
      wrapper: ["unshare", "-p", "-f", "--kill-child", "--mount-proc", "sh", "-c", '"$@"; exit $?', "sh"],
    });

  test("keeps others out with a kernel lock, and no longer than it lives", async () => {
    const directory = scratchDirectory();
    const { child, ended } = await holding(directory, "kernel");
    const store = await openFileStore({ directory, lockTimeoutMs: 100 });
    await expect(put(store, await store.head(stream), "here")).rejects.toMatchObject({
      code: "LOCK_TIMEOUT",
      details: { holder: { state: "alive", proven: true } },
    });
    child.kill("SIGKILL");
    await ended;
    const patient = await openFileStore({ directory });
    await put(patient, await patient.head(stream), "here");
    await store.close();
    await patient.close();
  });

  test("keeps others out with a lock of plain files until a person frees it, even when it is gone", async () => {
    const directory = scratchDirectory();
    const { child, ended } = await holding(directory, "generation");
    const store = await openFileStore({ directory, lockTimeoutMs: 100 });
    const unknown = { code: "LOCK_TIMEOUT", details: { holder: { state: "unknown", proven: true } } };
    await expect(put(store, await store.head(stream), "here")).rejects.toMatchObject(unknown);
    child.kill("SIGKILL");
    await ended;
    await expect(put(store, await store.head(stream), "here")).rejects.toMatchObject(unknown);
    const { generation, state } = inspectLock({ directory, stream });
    expect(state).toBe("unjudged");
    expect(freeLock({ directory, stream, generation: (generation as number) - 1 })).toBe(false);
    expect(freeLock({ directory, stream, generation: generation as number })).toBe(true);
    expect(freeLock({ directory, stream, generation: generation as number })).toBe(false);
    // It died while it was given a number, too.
    await expect(put(store, await store.head(stream), "here")).rejects.toMatchObject(unknown);
    const order = inspectLock({ directory });
    expect(freeLock({ directory, generation: order.generation as number })).toBe(true);
    await put(store, await store.head(stream), "here");
    await store.close();
  });
});

describe.each(kinds)("many waiters for a %s lock in one process", (lock) => {
  test("all get it", async () => {
    const directory = scratchDirectory();
    const stores = await Promise.all(
      Array.from({ length: 64 }, () => openFileStore({ directory, lock, lockTimeoutMs: 60_000 })),
    );
    await put(stores[0] as EventStore, emptyHead, "start");
    const head = await (stores[0] as EventStore).head(stream);
    const waits = await Promise.all(
      stores.map(async (store, index) => {
        const commandId = `w${index}`;
        const appended = await store.append({
          commit: commitOn(head, commandId),
          expected: expectedAfter(head),
          decideAgain: (_missed, actual) => commitOn(actual, commandId),
        });
        if (appended._tag === "Conflict") throw new Error("conflict although it may decide again");
        await store.readBack(appended);
        return appended.waitedMs;
      }),
    );
    expect(waits).toHaveLength(64);
    expect(inspectStream({ directory, stream })).toMatchObject({ records: 65, voidRecords: 0, findings: [] });
    for (const store of stores) await store.close();
  });

  test.skipIf(process.platform !== "linux")(
    "that give up leave no descriptor and no lock behind",
    async () => {
      const directory = scratchDirectory();
      const holder = await worker.startStopping({
        directory,
        name: "holder",
        ending: "stop:append:write@0",
        lock,
      });
      const stores = await Promise.all(
        Array.from({ length: 8 }, () => openFileStore({ directory, lock, lockTimeoutMs: 60_000 })),
      );
      const abort = new AbortController();
      const given = stores.map((store) =>
        store.append({ commit: commitOn(emptyHead, "x"), expected: "no_stream", signal: abort.signal }),
      );
      await new Promise((resolve) => setImmediate(resolve));
      abort.abort(new Error("enough"));
      for (const waiting of given) await expect(waiting).rejects.toThrow("enough");
      await holder.resume();
      // What waited in a thread gets the lock now, and gives it back.
      const after = await openFileStore({ directory, lock });
      await put(after, await after.head(stream), "after");
      await after.close();
      for (const store of stores) await store.close();
      await expect.poll(() => openBelow(directory)).toEqual([]);
    },
  );
});
