import fs from "node:fs";
import {
  type AppendRequest,
  type EventStore,
  emptyHead,
  type StoreFault,
  type StreamHead,
} from "@mission-ledger/core";
import { allEvents, commitOn, expectedAfter, put, noteStream as stream } from "@mission-ledger/testkit";
import { expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { inspectStream, openFileStore, repairStream } from "../index.ts";
import { layoutOf } from "../layout.ts";
import { scratchDirectory } from "../testing/scratch.ts";

/** A store whose lock keeps nobody out: right before its next write somebody else's record gets into the log. */
const overtaken = async () => {
  const directory = scratchDirectory();
  const other = await openFileStore({ directory });
  const { head } = await put(other, emptyHead, "first");
  await put(other, head, "theirs", { data: { note: "theirs" } });
  await other.close();
  const { log } = layoutOf(directory).of(stream);
  const bytes = fs.readFileSync(log);
  const end = bytes.indexOf("\n") + 1;
  const theirs = bytes.subarray(end);
  fs.truncateSync(log, end);
  let armed = true;
  const store = await openFileStore({
    directory,
    files: {
      ...nodeFiles,
      write: (fd, buffer, offset, length, position) => {
        if (armed && position === null) {
          armed = false;
          fs.appendFileSync(log, theirs);
        }
        return nodeFiles.write(fd, buffer, offset, length, position);
      },
    },
  });
  return { store, head, directory };
};

/** Requests for one stream, each sealed on the one before it, as the kernel makes them. */
const chained = (head: StreamHead, commandIds: readonly string[]): readonly AppendRequest[] => {
  let on = head;
  return commandIds.map((commandId) => {
    const commit = commitOn(on, commandId);
    const expected = expectedAfter(on);
    const last = commit.events.at(-1) ?? emptyHead;
    on = { revision: last.revision, digest: last.digest };
    return { commit, expected, known: head, decideAgain: (_missed, end) => commitOn(end, commandId) };
  });
};

const answersOf = async (
  store: EventStore,
  requests: readonly AppendRequest[],
): Promise<readonly string[]> => {
  const appended = await Promise.all(requests.map((request) => store.append(request)));
  return Promise.all(
    appended.map(async (answer) => {
      if (answer._tag === "Conflict") return "conflict";
      try {
        return Array.isArray(await store.readBack(answer)) ? "receipt" : "void";
      } catch (error) {
        const { code, outcome } = error as StoreFault;
        return `${code} ${outcome}`;
      }
    }),
  );
};

test("where a lock kept nobody out, no record of a group counts that stands on a void one", async () => {
  const { store, head, directory } = await overtaken();
  const answers = await answersOf(store, chained(head, ["x", "y", "z"]));
  const inLog = (await allEvents(store.read(stream))).map(({ commandId }) => commandId);
  expect({ answers, inLog }).toEqual({ answers: ["void", "void", "void"], inLog: ["first", "theirs"] });
  await store.close();
  expect(inspectStream({ directory, stream })).toMatchObject({ voidRecords: 3, findings: [] });
  expect(await repairStream({ directory, stream })).toMatchObject({ outcome: "sound", writable: true });
});

test("a record behind one that the disk spoiled in the same write gets no receipt", async () => {
  const directory = scratchDirectory();
  let armed = false;
  const files: FilePort = {
    ...nodeFiles,
    write: (fd, buffer, offset, length, position) => {
      if (!armed || position !== null) return nodeFiles.write(fd, buffer, offset, length, position);
      armed = false;
      const spoiled = Buffer.from(buffer);
      spoiled.fill("?", 200, 210);
      return nodeFiles.write(fd, spoiled, offset, length, position);
    },
  };
  const store = await openFileStore({ directory, files });
  const { head } = await put(store, emptyHead, "first");
  armed = true;
  const told = await answersOf(store, chained(head, ["x", "y"]));
  expect(told).toEqual(["READBACK_FAILED unknown", "READBACK_FAILED unknown"]);
  await store.close();
});
