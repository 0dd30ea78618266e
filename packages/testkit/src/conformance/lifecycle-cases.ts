/** Cases about a store's life: what it claims, what it does when closed, what another handle sees. */
import { type EventStore, emptyHead } from "@mission-ledger/core";
import { claim, faultOf, same } from "./failure.ts";
import type { StoreCase } from "./harness.ts";
import { appendMany, appendNext, collect, collectCommits, notes, readStream, requestOn } from "./writer.ts";

const stream = "mission-m1";

export const lifecycleCases: readonly StoreCase[] = [
  {
    name: "the store claims exactly what it was said to support",
    run: async ({ store, supports }) => same(store.supports, supports, "supports"),
  },
  {
    name: "a new store is empty",
    run: async ({ store }) => {
      same(await collect(store.readAll()), [], "the log");
      same(await store.streams("mission"), [], "the streams");
    },
  },
  {
    name: "two stores share nothing",
    run: async ({ store, another }) => {
      const other = await another();
      await appendNext(store, stream);
      same(await readStream(other, stream), [], "the other store is empty");
      await appendNext(other, stream, { commandId: "elsewhere" });
      claim((await store.findCommand(stream, "elsewhere")) === undefined, "command ids are apart");
    },
  },
  {
    name: "every operation on a closed store is refused",
    run: async ({ store, inTime }) => {
      const appended = await appendNext(store, stream);
      await inTime(store.close(), "closing");
      const operations: Readonly<
        Record<
          Exclude<
            keyof EventStore,
            "supports" | "close" | "prepare" | "publish" | "commits" | "end" | "scan"
          >,
          () => Promise<unknown>
        >
      > = {
        append: () => store.append(requestOn(stream, appended.head)),
        readBack: () => store.readBack(appended),
        confirm: () => store.confirm(stream, emptyHead),
        findCommand: () => store.findCommand(stream, "any"),
        read: () => collect(store.read(stream)),
        readAll: () => collect(store.readAll()),
        subscribe: () => collect(store.subscribe()),
        streams: () => store.streams("mission"),
        head: () => store.head(stream),
        ...(store.end === undefined ? {} : { end: async () => store.end?.() }),
        ...(store.commits === undefined ? {} : { commits: async () => collectCommits(store, stream) }),
        ...(store.scan === undefined
          ? {}
          : {
              scan: () =>
                store.scan?.(
                  stream,
                  { wanted: new Map() },
                  { take: () => undefined, pass: () => undefined },
                ) ?? Promise.resolve(),
            }),
      };
      for (const [name, operation] of Object.entries(operations)) {
        const { outcome } = await faultOf(
          () => inTime(operation(), name),
          ["STORE_CLOSED"],
          `${name} on a closed store`,
        );
        // A readback only ever doubts what was written; every other operation knows that it wrote nothing.
        claim(name === "readBack" || outcome === "not_written", `${name} on a closed store writes nothing`);
      }
    },
  },
  {
    name: "another handle sees everything",
    needs: "reopen",
    run: async ({ store, reopen }) => {
      await appendNext(store, stream, { commandId: "first", events: notes(3) });
      await appendMany(store, "run-a", 4);
      await appendNext(store, stream);
      const before = {
        all: await collect(store.readAll()),
        head: (await store.head(stream)).digest,
        streams: await store.streams("mission"),
        first: await store.findCommand(stream, "first"),
      };
      await store.close();
      const again = await reopen();
      const after = {
        all: await collect(again.readAll()),
        head: (await again.head(stream)).digest,
        streams: await again.streams("mission"),
        first: await again.findCommand(stream, "first"),
      };
      same(after, before, "the log after opening again");
      await appendNext(again, stream);
    },
  },
  {
    name: "another handle reads back what the first one wrote",
    needs: "reopen",
    run: async ({ store, reopen }) => {
      const appended = await appendNext(store, stream, { commandId: "first", events: notes(2) });
      const other = await reopen();
      const proven = await store.readBack(appended);
      same(
        proven,
        await readStream(other, stream),
        "the first handle's readback and the second one's read agree",
      );
    },
  },
  {
    name: "open handles see each other's appends",
    needs: "multiProcess",
    run: async ({ store, reopen }) => {
      const other = await reopen();
      for (let round = 0; round < 3; round += 1)
        for (const one of [store, other]) {
          const { commit } = await appendNext(one, stream);
          for (const reader of [store, other]) {
            claim(
              (await reader.head(stream)).revision === commit.firstRevision,
              "head follows the other handle",
            );
            same(
              await reader.findCommand(stream, commit.commandId),
              commit,
              "findCommand follows the other handle",
            );
          }
        }
      claim((await readStream(store, stream)).length === 6, "six events were written");
    },
  },
];
