import fs from "node:fs";
import path from "node:path";
import { digestOf, sealCommit } from "@mission-ledger/core";
import { commitOn, noteStream as stream } from "@mission-ledger/testkit";
import { expect, test } from "vitest";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { changedCopies, forksOf, inspectStream, publishCopies, reconcileStream } from "../index.ts";
import { hardRecordBytes } from "../log/bounds.ts";
import { encodeRecord } from "../log/record.ts";
import { errnoError } from "../testing/faulty-files.ts";
import {
  bring,
  commandsOf,
  mergeUnion,
  mergeWithMarkers,
  say,
  type WorkTree,
  workTree,
} from "../testing/work-trees.ts";

const linesOf = (file: string): readonly string[] => fs.readFileSync(file, "utf8").split("\n").slice(0, -1);
const headOf = ({ directory }: WorkTree): string | null => inspectStream({ directory, stream }).head.digest;

/** Runs commands in a store of its own, as a process does. */
const run = async (tree: WorkTree, ...commands: readonly string[]): Promise<void> => {
  const store = await tree.open();
  try {
    for (const command of commands) await say(store, command);
  } finally {
    await store.close();
  }
};
const read = async (tree: WorkTree): Promise<readonly string[]> => {
  const store = await tree.open();
  try {
    return await commandsOf(store);
  } finally {
    await store.close();
  }
};

test("a copy holds the lines of the log as they stand there, readable as the umask has it", async () => {
  const tree = workTree();
  await run(tree, "a", "b", "c");
  expect(fs.readFileSync(tree.copy)).toEqual(fs.readFileSync(tree.log));
  expect(fs.statSync(tree.copy).mode & 0o777).toBe(0o666 & ~process.umask());
  expect(fs.statSync(tree.log).mode & 0o777).toBe(0o600);
  expect(changedCopies(tree)).toEqual([]);
});

test("a copy that git removed is made anew by the next command, a torn one is sealed first", async () => {
  const tree = workTree();
  const store = await tree.open();
  await say(store, "a");
  fs.rmSync(tree.copy);
  await say(store, "b");
  expect(linesOf(tree.copy)).toEqual(linesOf(tree.log));
  fs.appendFileSync(tree.copy, '{"v":1,"stre');
  await say(store, "c");
  expect(linesOf(tree.copy).map((line) => line.endsWith(" #torn"))).toEqual([false, false, true, false]);
  await store.close();
  expect(await read(tree)).toEqual(["a", "b", "c"]);
});

test("an older version of the copy, as a checkout leaves it, gets what it lacks", async () => {
  const tree = workTree();
  const store = await tree.open();
  await say(store, "a");
  const older = fs.readFileSync(tree.copy);
  for (const command of ["b", "c"]) await say(store, command);
  fs.rmSync(tree.copy);
  fs.writeFileSync(tree.copy, older);
  await say(store, "d");
  expect(linesOf(tree.copy)).toEqual(linesOf(tree.log));
  await store.close();
});

test("a work tree that gave its folder up gets none, and nothing is said", async () => {
  const tree = workTree();
  const store = await tree.open();
  await say(store, "a");
  fs.rmSync(tree.publishTo, { recursive: true });
  await say(store, "b");
  expect(fs.existsSync(tree.publishTo)).toBe(false);
  await store.close();
  expect(await read(tree)).toEqual(["a", "b"]);
});

test("two stores that write at once publish each record once", async () => {
  const tree = workTree();
  const stores = [await tree.open(), await tree.open()];
  await Promise.all(
    stores.map(async (store, which) => {
      for (let index = 0; index < 20; index += 1) await say(store, `${which}-${index}`);
    }),
  );
  await Promise.all(stores.map((store) => store.close()));
  expect([...linesOf(tree.copy)].sort()).toEqual([...linesOf(tree.log)].sort());
});

test("a clone with nothing but the copy takes everything in before its first command is decided", async () => {
  const [here, there] = [workTree(), workTree()];
  await run(here, "a", "b");
  bring(here, there);
  expect(changedCopies(there)).toEqual([stream]);
  await run(there, "c");
  expect(await read(there)).toEqual(["a", "b", "c"]);
  expect(linesOf(there.copy)).toHaveLength(3);
  const origins = linesOf(there.log).map((line) => (JSON.parse(line) as { origin: string }).origin);
  expect(new Set(origins).size).toBe(2);
});

test("what one clone adds is taken in by the other without a fork", async () => {
  const [here, there] = [workTree(), workTree()];
  await run(here, "a");
  bring(here, there);
  await run(there, "b", "c");
  bring(there, here);
  await run(here, "d");
  expect(await read(here)).toEqual(["a", "b", "c", "d"]);
  bring(here, there);
  expect(await publishCopies(there)).toMatchObject([{ stream, takenIn: 1, undecided: 0, warnings: [] }]);
  expect(headOf(there)).toBe(headOf(here));
  const seqs = linesOf(there.log).map((line) => (JSON.parse(line) as { seq: number }).seq);
  expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
});

/** Both went on behind the same event. */
const forked = async (
  merge: (from: WorkTree, to: WorkTree) => void,
): Promise<readonly [here: WorkTree, there: WorkTree]> => {
  const [here, there] = [workTree(), workTree()];
  await run(here, "a");
  bring(here, there);
  await run(there, "t1", "t2");
  await run(here, "h1");
  merge(there, here);
  return [here, there];
};

test.each([
  ["a union merge", mergeUnion],
  ["a merge with conflict markers", mergeWithMarkers],
])("%s of two branches keeps writers out until one of them is decided against", async (_, merge) => {
  const [here, there] = await forked(merge);
  await expect(run(here, "h2")).rejects.toMatchObject({ code: "FORK_DETECTED" });
  expect(await read(here)).toEqual(["a", "h1"]);
  const [fork, ...others] = forksOf({ directory: here.directory, stream });
  expect(others).toEqual([]);
  expect(fork?.forksAfter.revision).toBe(0);
  expect(fork?.local?.events.map(({ commandId }) => commandId)).toEqual(["h1"]);
  expect(fork?.branch.events.map(({ commandId }) => commandId)).toEqual(["t1", "t2"]);

  const decided = await reconcileStream({
    directory: here.directory,
    stream,
    winner: fork?.branch.digest.slice(0, 12) ?? "",
    reason: "theirs was reviewed",
    actor: "ada",
    commandId: "decide",
  });
  expect(decided.demoted.map(({ commandId }) => commandId)).toEqual(["h1"]);
  expect(decided.repeated).toBe(false);
  expect(fs.readFileSync(decided.quarantined as string, "utf8")).toContain('"branch":"open"');
  await publishCopies({ ...here, anew: true });
  expect(await read(here)).toEqual(["a", "t1", "t2", "decide"]);
  await run(here, "h3");

  bring(here, there);
  await run(there, "t3");
  expect(await read(there)).toEqual(["a", "t1", "t2", "decide", "h3", "t3"]);
  expect(forksOf({ directory: there.directory, stream })).toEqual([]);
  expect(inspectStream({ directory: there.directory, stream }).findings).toEqual([]);
});

test("a decision against the local branch, made in the other clone, replaces it here and keeps it", async () => {
  const [here, there] = await forked(mergeUnion);
  await publishCopies(here);
  await reconcileStream({ directory: here.directory, stream, winner: "local", actor: "ada" });
  await publishCopies({ ...here, anew: true });
  bring(here, there);
  const [taken] = await publishCopies(there);
  expect(taken).toMatchObject({ decidedElsewhere: true, undecided: 0 });
  expect(headOf(there)).toBe(headOf(here));
  expect(inspectStream({ directory: there.directory, stream })).toMatchObject({
    findings: [],
    voidRecords: 2,
  });
  const marks = linesOf(there.log).map((line) => (JSON.parse(line) as { branch?: string }).branch);
  expect(marks).toEqual([undefined, undefined, undefined, "demoted", "demoted"]);
  await run(there, "t1");
  expect((await read(there)).at(-1)).toBe("t1");
  bring(there, here);
  await run(here, "h2");
  expect(await read(here)).toEqual(["a", "h1", expect.any(String), "t1", "h2"]);
});

test("a decision is made once: the same command id answers what it decided", async () => {
  const [here] = await forked(mergeUnion);
  await publishCopies(here);
  const options = { directory: here.directory, stream, winner: "local", actor: "ada", commandId: "one" };
  const first = await reconcileStream(options);
  const again = await reconcileStream(options);
  expect(again).toMatchObject({ repeated: true, digest: first.digest, revision: first.revision });
  expect(again.demoted.map(({ commandId }) => commandId)).toEqual(["t1", "t2"]);
  await expect(reconcileStream({ ...options, reason: "another" })).rejects.toMatchObject({
    code: "COMMAND_ID_REUSED",
  });
  await expect(reconcileStream({ ...options, commandId: "two" })).rejects.toMatchObject({
    code: "FORK_DETECTED",
    outcome: "not_written",
  });
});

test("a repeated decision leaves the numbers rising, so that no later record gets one that was given away", async () => {
  const [here] = await forked(mergeUnion);
  await publishCopies(here);
  const options = { directory: here.directory, stream, winner: "local", actor: "ada", commandId: "one" };
  await reconcileStream(options);
  await run(here, "later");
  expect(await reconcileStream(options)).toMatchObject({ repeated: true });
  const seqs = linesOf(here.log).map((line) => (JSON.parse(line) as { seq: number }).seq);
  expect(seqs).toEqual([...seqs].sort((left, right) => left - right));
  fs.rmSync(path.join(here.directory, "lock", "order"));
  await run(here, "last");
  const [last] = linesOf(here.log).slice(-1);
  expect((JSON.parse(last ?? "") as { seq: number }).seq).toBe(Math.max(...seqs) + 1);
});

test("a store that is open while others decide goes on with the winner and forgets nothing of it", async () => {
  const [here] = await forked(mergeUnion);
  const store = await here.open();
  await expect(say(store, "h2")).rejects.toMatchObject({ code: "FORK_DETECTED" });
  const [fork] = forksOf({ directory: here.directory, stream });
  const winner = fork?.branch.eventId ?? "";
  await reconcileStream({ directory: here.directory, stream, winner, actor: "ada", commandId: "decide" });
  await publishCopies({ ...here, anew: true });
  await say(store, "h1");
  expect(await commandsOf(store)).toEqual(["a", "t1", "t2", "decide", "h1"]);
  await store.close();
});

test("conflict markers block the copy and nothing else, until it is written anew", async () => {
  const [here, there] = [workTree(), workTree()];
  await run(here, "a");
  bring(here, there);
  await run(here, "b");
  mergeWithMarkers(here, there);
  const store = await there.open();
  await expect(say(store, "c")).rejects.toThrow(/conflict markers/);
  expect(await commandsOf(store)).toEqual(["a", "b", "c"]);
  await store.close();
  expect(fs.readFileSync(there.copy, "utf8")).toContain("<<<<<<<");
  const [clean] = await publishCopies({ ...there, anew: true });
  expect(clean).toMatchObject({ replaced: true, published: 1, warnings: [] });
  expect(linesOf(there.copy)).toEqual(linesOf(there.log));
  expect(fs.readdirSync(path.join(there.directory, "quarantine"))).toHaveLength(1);
});

test("records without their predecessors, and forged ones, are warned of and never taken in", async () => {
  const [here, there] = [workTree(), workTree()];
  await run(here, "a", "b", "c");
  await run(there, "x");
  const lines = linesOf(here.copy);
  fs.appendFileSync(there.copy, `${lines[2]}\n${(lines[0] ?? "").replace('"a"', '"z"')}\n`);
  const [met] = await publishCopies(there);
  expect(met?.warnings.map(({ code }) => code)).toEqual(["LOG_CORRUPT", "LOG_CORRUPT"]);
  expect(met?.takenIn).toBe(0);
  expect(await read(there)).toEqual(["x"]);
});

test("one request id that stood for two commands is a fork like any other, and both go on once it is decided", async () => {
  const [here, there] = [workTree(), workTree()];
  await run(here, "a");
  bring(here, there);
  const other = await there.open();
  const head = await other.head(stream);
  const context = { stream, commandId: "ci", commandDigest: digestOf({ other: true }), actor: "bob" };
  const commit = sealCommit(head, { ...context, recordedAt: "2026-01-02T03:04:05.678Z" }, [
    { type: "Noted", version: 1, data: {} },
  ]);
  const appended = await other.append({ commit, expected: head.revision });
  if (appended._tag === "Appended") await other.readBack(appended);
  await other.publish?.(stream);
  await other.close();
  await run(here, "ci");
  mergeUnion(there, here);
  await publishCopies(here);
  expect(forksOf({ directory: here.directory, stream })).toHaveLength(1);
  await reconcileStream({ directory: here.directory, stream, winner: "local", actor: "ada" });
  await run(here, "b");
  bring(here, there);
  const store = await there.open();
  await say(store, "c");
  expect((await commandsOf(store)).filter((id) => ["a", "ci", "b", "c"].includes(id))).toEqual([
    "a",
    "ci",
    "b",
    "c",
  ]);
  await store.close();
  expect(forksOf({ directory: there.directory, stream })).toEqual([]);
});

test("what cannot be taken in is still told when the copy was written anew", async () => {
  const [here, there] = [workTree(), workTree()];
  await run(here, "a");
  bring(here, there);
  await run(there, "missing", "orphan");
  const lines = linesOf(there.copy);
  fs.appendFileSync(here.copy, `${lines[2]}\n`);
  for (const _ of ["first", "again"]) {
    const [met] = await publishCopies({ ...here, anew: true });
    expect(met?.warnings).toMatchObject([
      { code: "LOG_CORRUPT", hint: expect.stringContaining("Bring the rest") as unknown },
    ]);
  }
  const store = await here.open();
  await expect(say(store, "b")).rejects.toThrow(/warned: .*predecessors/);
  await store.close();
});

test("a record that would be too long for the log is warned of and never taken in, and commands go on", async () => {
  const tree = workTree();
  const store = await tree.open();
  const { revision, digest } = await say(store, "a");
  await say(store, "b");
  const lineOf = (length: number): Buffer =>
    encodeRecord(
      commitOn({ revision, digest }, "long", { data: { note: "x".repeat(length) } }),
      { origin: "b9b2a7c2-6a55-4f4c-9a57-0e3bb1d9f4f1", seq: 1 },
      hardRecordBytes,
    );
  fs.appendFileSync(tree.copy, lineOf(hardRecordBytes - lineOf(0).length));
  await expect(say(store, "c")).rejects.toThrow(/warned: .* 1 records that were not taken in/);
  expect(await commandsOf(store)).toEqual(["a", "b", "c"]);
  expect(await store.publish?.(stream)).toMatchObject([{ code: "LIMIT_EXCEEDED" }]);
  await store.close();
});

test("a copy that may not be looked at is a warning with the receipt, and the command is done", async () => {
  const tree = workTree();
  await run(tree, "a");
  const denied = (name: string): void => {
    if (name === tree.copy) throw errnoError("EACCES");
  };
  const files: FilePort = {
    ...nodeFiles,
    lstat: (name) => {
      denied(name);
      return nodeFiles.lstat(name);
    },
    open: (name, flags, mode) => {
      denied(name);
      return nodeFiles.open(name, flags, mode);
    },
  };
  const store = await tree.open({ files });
  await expect(say(store, "b")).rejects.toThrow(/warned: .*EACCES/);
  expect(await commandsOf(store)).toEqual(["a", "b"]);
  await store.close();
});

test.each([
  ["a link in the copy's place", (tree: WorkTree, victim: string) => fs.symlinkSync(victim, tree.copy)],
  ["a second name of another file", (tree: WorkTree, victim: string) => fs.linkSync(victim, tree.copy)],
  [
    "a link in the folder's place",
    (tree: WorkTree, victim: string) => {
      fs.rmSync(path.dirname(tree.copy), { recursive: true });
      fs.symlinkSync(path.dirname(victim), path.dirname(tree.copy));
    },
  ],
])("%s is never written through: a warning comes with the receipt", async (_, plant) => {
  const tree = workTree();
  const store = await tree.open();
  await say(store, "a");
  const victims = path.join(path.dirname(tree.publishTo), "elsewhere");
  fs.mkdirSync(victims);
  const victim = path.join(victims, "victim");
  fs.writeFileSync(victim, "precious");
  fs.rmSync(tree.copy);
  plant(tree, victim);
  await expect(say(store, "b")).rejects.toThrow(/warned: .*(link|not a directory|ELOOP)/);
  expect(fs.readFileSync(victim, "utf8")).toBe("precious");
  expect(fs.readdirSync(victims)).toEqual(["victim"]);
  expect(await commandsOf(store)).toEqual(["a", "b"]);
  await store.close();
});
