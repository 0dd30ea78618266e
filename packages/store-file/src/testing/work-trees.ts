/** A ledger with a work tree that wants published copies, as two clones of one repository have one each. */
import fs from "node:fs";
import path from "node:path";
import { type EventStore, emptyHead, type StreamHead } from "@mission-ledger/core";
import { commitOn, expectedAfter, noteStream as stream } from "@mission-ledger/testkit";
import { type FileStoreOptions, openFileStore } from "../index.ts";
import { scratchDirectory } from "./scratch.ts";

export interface WorkTree {
  readonly directory: string;
  readonly publishTo: string;
  /** The copy of the stream that tests write to. */
  readonly copy: string;
  readonly log: string;
  open(options?: Partial<FileStoreOptions>): Promise<EventStore>;
}

export const workTree = (): WorkTree => {
  const root = scratchDirectory();
  return workTreeAt(root, path.join(root, "common", "mission-ledger"));
};

/** A work tree in a directory, for a ledger that may be there already. */
export const workTreeAt = (root: string, directory: string): WorkTree => {
  const publishTo = path.join(root, "tree", ".mission-ledger");
  fs.mkdirSync(publishTo, { recursive: true });
  fs.writeFileSync(path.join(publishTo, ".gitattributes"), "log/*.jsonl -text merge=mission-ledger\n");
  return {
    directory,
    publishTo,
    copy: path.join(publishTo, "log", `${stream}.jsonl`),
    log: path.join(directory, "log", `${stream}.jsonl`),
    open: (options = {}) => openFileStore({ directory, publishTo, ...options }),
  };
};

/** A command up to its receipt: prepare, decide on what is there, append, read back. */
export const commit = async (store: EventStore, commandId: string): Promise<StreamHead> => {
  await store.prepare?.(stream);
  const head = await store.head(stream);
  const appended = await store.append({
    commit: commitOn(head.revision < 0 ? emptyHead : head, commandId),
    expected: expectedAfter(head),
    decideAgain: (_missed, actual) => commitOn(actual, commandId),
  });
  if (appended._tag === "Conflict") throw new Error("conflict");
  const read = await store.readBack(appended);
  if ("_tag" in read) throw new Error("void");
  return appended.head;
};

/** A command the way the kernel runs one, with its copy published; warnings are thrown. */
export const say = async (store: EventStore, commandId: string): Promise<StreamHead> => {
  const head = await commit(store, commandId);
  const warnings = (await store.publish?.(stream)) ?? [];
  if (warnings.length > 0) throw new Error(`warned: ${warnings.map(({ message }) => message).join("; ")}`);
  return head;
};

/** The commands of a stream in order. */
export const commandsOf = async (store: EventStore): Promise<readonly string[]> => {
  const commands: string[] = [];
  for await (const batch of store.read(stream)) for (const { commandId } of batch) commands.push(commandId);
  return commands;
};

/** What a pull without any conflict does. */
export const bring = (from: WorkTree, to: WorkTree): void => {
  fs.mkdirSync(path.dirname(to.copy), { recursive: true });
  fs.rmSync(to.copy, { force: true });
  fs.copyFileSync(from.copy, to.copy);
};

/** What `merge=union` does: lines of the one that the other lacks, behind the other's. */
export const mergeUnion = (from: WorkTree, to: WorkTree): void => {
  const [theirs, ours] = [from, to].map(({ copy }) =>
    fs.readFileSync(copy, "utf8").split("\n").filter(Boolean),
  ) as [string[], string[]];
  const lines = [...ours, ...theirs.filter((line) => !ours.includes(line))];
  fs.rmSync(to.copy);
  fs.writeFileSync(to.copy, `${lines.join("\n")}\n`);
};

/** What a merge without a driver leaves: both sides between markers. */
export const mergeWithMarkers = (from: WorkTree, to: WorkTree): void => {
  const [theirs, ours] = [from, to].map(({ copy }) =>
    fs.readFileSync(copy, "utf8").split("\n").filter(Boolean),
  ) as [string[], string[]];
  const shared = ours.filter((line) => theirs.includes(line));
  const only = (lines: string[]): string[] => lines.filter((line) => !shared.includes(line));
  const lines = [...shared, "<<<<<<< HEAD", ...only(ours), "=======", ...only(theirs), ">>>>>>> theirs"];
  fs.rmSync(to.copy);
  fs.writeFileSync(to.copy, `${lines.join("\n")}\n`);
};
