import fs from "node:fs";
import { noteStream as stream } from "@mission-ledger/testkit";
import { expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { forksOf, inspectStream, publishCopies, reconcileStream, repairStream } from "../index.ts";
import { errnoError, faultyFiles } from "../testing/faulty-files.ts";
import { bring, commandsOf, mergeUnion, say, type WorkTree, workTree } from "../testing/work-trees.ts";

/** Calls that change nothing but what the dying process holds: a kernel frees locks and descriptors, too. */
const freed: ReadonlySet<string> = new Set(["close", "unlock"]);

/** A disk that a process loses at its n-th call: that call and all later ones fail. Locks and descriptors are freed as by a kernel. */
const dyingFiles = (calls: number): { readonly files: FilePort; readonly died: () => boolean } => {
  let left = calls;
  const files = Object.fromEntries(
    (Object.keys(nodeFiles) as (keyof FilePort)[]).map((name) => [
      name,
      (...parameters: never[]) => {
        if (!freed.has(name) && left-- <= 0) {
          // The kernel may have taken a part of the last write.
          if (name === "write" && left === -1) nodeFiles.write(...halved(parameters));
          throw errnoError("EIO");
        }
        return (nodeFiles[name] as (...all: never[]) => unknown)(...parameters);
      },
    ]),
  ) as unknown as FilePort;
  return { files, died: () => left < 0 };
};

const halved = (parameters: readonly never[]): Parameters<FilePort["write"]> => {
  const [fd, buffer, offset, length, position] = parameters as unknown as Parameters<FilePort["write"]>;
  return [fd, buffer, offset, length >> 1, position];
};

const run = async (tree: WorkTree, ...commands: readonly string[]): Promise<void> => {
  const store = await tree.open();
  for (const command of commands) await say(store, command);
  await store.close();
};

/** Dies at every call of `task` in turn; `check` sees what the next command makes of it. */
const dieEverywhere = async (
  begin: () => Promise<readonly WorkTree[]>,
  task: (trees: readonly WorkTree[], files: FilePort) => Promise<unknown>,
  check: (trees: readonly WorkTree[], calls: number) => Promise<void>,
): Promise<number> => {
  for (let calls = 0; ; calls += 1) {
    const trees = await begin();
    const { files, died } = dyingFiles(calls);
    await task(trees, files).catch(() => {});
    await check(trees, calls);
    if (!died()) return calls;
  }
};

/** What a person runs when told that a log is suspect: a process that died in a rewrite leaves the mark. */
const recover = async ({ directory }: WorkTree): Promise<void> => {
  if (fs.existsSync(`${directory}/lock/${stream}.suspect`)) await repairStream({ directory, stream });
};

const withoutSealed = (file: string): string => fs.readFileSync(file, "utf8").replaceAll(/^.* #torn\n/gm, "");

const doubled = (file: string): readonly string[] => {
  const digests = fs
    .readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => (JSON.parse(line) as { events: { digest: string }[] }).events[0]?.digest ?? "");
  return digests.filter((digest, index) => digests.indexOf(digest) !== index);
};

test("killed at any call of taking in, the next command has everything once", async () => {
  const calls = await dieEverywhere(
    async () => {
      const [here, there] = [workTree(), workTree()];
      await run(here, "a", "b");
      bring(here, there);
      return [there];
    },
    ([there], files) => publishCopies({ ...(there as WorkTree), files }),
    async ([tree], at) => {
      const there = tree as WorkTree;
      await recover(there);
      await run(there, "c");
      const store = await there.open();
      expect(await commandsOf(store), `killed at call ${at}`).toEqual(["a", "b", "c"]);
      await store.close();
      expect(doubled(there.log), `killed at call ${at}`).toEqual([]);
      expect(doubled(there.copy), `killed at call ${at}`).toEqual([]);
    },
  );
  expect(calls).toBeGreaterThan(20);
});

test("killed at any call of publishing, the next command publishes every record once", async () => {
  const calls = await dieEverywhere(
    async () => {
      const tree = workTree();
      await run(tree, "a");
      fs.rmSync(tree.copy);
      return [tree];
    },
    ([tree], files) => publishCopies({ ...(tree as WorkTree), files }),
    async ([tree], at) => {
      const here = tree as WorkTree;
      await run(here, "b");
      expect(withoutSealed(here.copy), `killed at call ${at}`).toBe(fs.readFileSync(here.log, "utf8"));
    },
  );
  expect(calls).toBeGreaterThan(15);
});

test("killed at any call of a decision, the same command id makes it once and nothing is lost", async () => {
  const calls = await dieEverywhere(
    async () => {
      const [here, there] = [workTree(), workTree()];
      await run(here, "a");
      bring(here, there);
      await run(there, "t");
      await run(here, "h");
      mergeUnion(there, here);
      await publishCopies(here);
      return [here];
    },
    ([here], files) =>
      reconcileStream({
        directory: (here as WorkTree).directory,
        stream,
        winner: winnerOf(here as WorkTree),
        actor: "ada",
        commandId: "decide",
        files,
      }),
    async ([tree], at) => {
      const here = tree as WorkTree;
      const decided = await reconcileStream({
        directory: here.directory,
        stream,
        winner: winnerOf(here),
        actor: "ada",
        commandId: "decide",
      });
      expect(decided.demoted.map(({ commandId }) => commandId)).toEqual(["h"]);
      await publishCopies({ ...here, anew: true });
      await run(here, "b");
      const store = await here.open();
      expect(await commandsOf(store), `killed at call ${at}`).toEqual(["a", "t", "decide", "b"]);
      await store.close();
      expect(inspectStream({ directory: here.directory, stream })).toMatchObject({
        findings: [],
        voidRecords: 1,
      });
    },
  );
  expect(calls).toBeGreaterThan(40);
});

test("killed at any call of taking in a decision made elsewhere, the next command finishes it", async () => {
  await dieEverywhere(
    async () => {
      const [here, there] = [workTree(), workTree()];
      await run(here, "a");
      bring(here, there);
      await run(there, "t");
      await run(here, "h");
      mergeUnion(there, here);
      await publishCopies(here);
      await reconcileStream({
        directory: here.directory,
        stream,
        winner: "local",
        actor: "ada",
        commandId: "decide",
      });
      await publishCopies({ ...here, anew: true });
      bring(here, there);
      return [there];
    },
    ([there], files) => publishCopies({ ...(there as WorkTree), files }),
    async ([tree], at) => {
      const there = tree as WorkTree;
      await recover(there);
      await run(there, "c");
      const store = await there.open();
      expect(await commandsOf(store), `killed at call ${at}`).toEqual(["a", "h", "decide", "c"]);
      await store.close();
      expect(inspectStream({ directory: there.directory, stream })).toMatchObject({
        findings: [],
        voidRecords: 1,
      });
    },
  );
});

test("a flush that fails while taking in is told, and nobody writes before the log was recovered", async () => {
  const [here, there] = [workTree(), workTree()];
  await run(here, "a", "b");
  bring(here, there);
  const disk = faultyFiles();
  const store = await there.open({ files: disk.files });
  // The first one is that of the ledger's kind of lock.
  disk.failOnce("fdatasync", "EIO", 1);
  await expect(say(store, "c")).rejects.toMatchObject({ code: "DURABILITY_UNKNOWN", outcome: "not_written" });
  expect(disk.fired).toBe(true);
  await expect(say(store, "c")).rejects.toMatchObject({ code: "DURABILITY_UNKNOWN" });
  await recover(there);
  await say(store, "c");
  expect(await commandsOf(store)).toEqual(["a", "b", "c"]);
  await store.close();
});

test("a flush that fails while taking in stops the writers of the same store, also where no mark can be set", async () => {
  const [here, there] = [workTree(), workTree()];
  await run(here, "a", "b");
  bring(here, there);
  let isFailing = true;
  let flushes = 0;
  const store = await there.open({
    files: {
      ...nodeFiles,
      fdatasync: (fd) => {
        // The first one is that of the ledger's kind of lock.
        if (isFailing && ++flushes > 1) throw errnoError("EIO");
        nodeFiles.fdatasync(fd);
      },
      open: (name, flags, mode) => {
        if (isFailing && name.endsWith(".suspect")) throw errnoError("EIO");
        return nodeFiles.open(name, flags, mode);
      },
    },
  });
  await expect(say(store, "c")).rejects.toMatchObject({ code: "DURABILITY_UNKNOWN", outcome: "not_written" });
  isFailing = false;
  await expect(say(store, "c")).rejects.toMatchObject({ code: "DURABILITY_UNKNOWN" });
  await recover(there);
  await say(store, "c");
  expect(await commandsOf(store)).toEqual(["a", "b", "c"]);
  await store.close();
});

test("a disk that takes only a part of what arrived keeps whole records, and the next command takes in the rest", async () => {
  const [here, there] = [workTree(), workTree()];
  await run(here, "a", "b", "c");
  bring(here, there);
  const disk = faultyFiles();
  const store = await there.open({ files: disk.files });
  disk.shortenNextWrite(fs.statSync(here.copy).size - 100);
  await expect(say(store, "d")).rejects.toMatchObject({ code: "STORAGE_FULL", outcome: "not_written" });
  await say(store, "d");
  expect(await commandsOf(store)).toEqual(["a", "b", "c", "d"]);
  expect(doubled(there.log)).toEqual([]);
  await store.close();
});

/** The same words for the same decision, before and after it was made. */
const winners = new Map<string, string>();
const winnerOf = ({ directory }: WorkTree): string => {
  const known = winners.get(directory) ?? forksOf({ directory, stream })[0]?.branch.digest ?? "";
  winners.set(directory, known);
  return known;
};
