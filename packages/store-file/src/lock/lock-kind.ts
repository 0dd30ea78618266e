/**
 * Which kind of lock a ledger is kept with. Two kinds do not exclude each other, so the first writer decides, in
 * `lock/kind`, and everybody follows it or does not write.
 */
import path from "node:path";
import { type Randomness, StoreFault } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import type { NameWatch } from "../files/name-watch.ts";
import { createNew, flushDirectory } from "../files/safe-files.ts";
import { removeQuietly } from "../files/write-file.ts";
import type { Layout } from "../layout.ts";
import type { LockKind } from "./ledger-lock.ts";
import { readLockText } from "./lock-text.ts";

/** `auto` follows the ledger, and where nobody decided takes the kernel's lock if this system has one. */
export type LockChoice = "auto" | LockKind;

const choices: readonly unknown[] = ["auto", "kernel", "generation"] satisfies readonly LockChoice[];

/** Throws a `TypeError` for anything else: written down as the kind of a ledger, it would keep everybody out of it. */
export const checkLockChoice = (choice: unknown): void => {
  if (!choices.includes(choice))
    throw new TypeError(`lock is "auto", "kernel" or "generation", not ${JSON.stringify(choice)}`);
};

export interface LedgerLockKind {
  /** The kind of this ledger, decided now if it was not. Throws `STORE_UNAVAILABLE` where this process cannot follow it. */
  decided(): LockKind;
  /** Whether the decision still stands, by the last look at the directory of the locks. */
  isStill(kind: LockKind): boolean;
}

export interface LockKindOptions {
  readonly files: FilePort;
  readonly layout: Pick<Layout, "lockKind" | "order">;
  readonly names: NameWatch;
  readonly randomness: Randomness;
  readonly choice: LockChoice;
}

export const ledgerLockKind = ({
  files,
  layout,
  names,
  randomness,
  choice,
}: LockKindOptions): LedgerLockKind => {
  let known: LockKind | undefined;
  let checked = -1;
  const decide = (): LockKind => {
    const wanted = choice === "auto" ? (files.hasKernelLocks() ? "kernel" : "generation") : choice;
    const present = writtenKind(files, layout.lockKind);
    if (present !== undefined) return present;
    // Before there was a choice, every ledger had kernel locks.
    const first = files.lstat(layout.order) === undefined ? wanted : "kernel";
    if (first === "kernel" && !files.hasKernelLocks()) return first;
    writeKind({ files, name: layout.lockKind, kind: first, id: randomness.uuid(), replace: false });
    return writtenKind(files, layout.lockKind) ?? first;
  };
  return {
    decided: () => {
      if (known === undefined) {
        const kind = decide();
        if (choice !== "auto" && choice !== kind) throw otherKind(layout.lockKind, kind, choice);
        if (kind === "kernel" && !files.hasKernelLocks()) throw noBinary(layout.lockKind);
        known = kind;
        checked = -1;
      }
      return known;
    },
    isStill: (kind) => {
      if (names.latest === checked && known === kind) return true;
      if ((writtenKind(files, layout.lockKind) ?? "kernel") === kind) {
        checked = names.latest;
        return true;
      }
      known = undefined;
      return false;
    },
  };
};

/** The kind of lock a ledger is kept with; `undefined` if nobody has written to it yet. */
export const presentKind = (
  files: FilePort,
  layout: Pick<Layout, "lockKind" | "order">,
): LockKind | undefined =>
  writtenKind(files, layout.lockKind) ?? (files.lstat(layout.order) === undefined ? undefined : "kernel");

const longestKind = 32;

const writtenKind = (files: FilePort, name: string): LockKind | undefined => {
  const text = readLockText(files, name, longestKind);
  if (text === undefined) return undefined;
  if (text === "kernel\n") return "kernel";
  if (text === "generation\n") return "generation";
  throw unknownKind(name);
};

export interface WriteKindOptions {
  readonly files: FilePort;
  readonly name: string;
  readonly kind: LockKind;
  /** Makes the draft's name its own. */
  readonly id: string;
  /** Whether to exchange a kind that is there; else the first one stays. */
  readonly replace: boolean;
}

/** Its bytes are flushed before it has its name; the name too, unless it says what everybody would believe without it. */
export const writeKind = ({ files, name, kind, id, replace }: WriteKindOptions): void => {
  const draft = `${name}.draft.${id}`;
  const fd = files.open(draft, createNew, 0o600);
  const text = Buffer.from(`${kind}\n`);
  try {
    if (files.write(fd, text, 0, text.length, 0) < text.length)
      throw Object.assign(new Error("ENOSPC: no room for the kind of lock"), { code: "ENOSPC" });
    // Also where the name may be lost: kept without its bytes, it would name no kind, and nobody could write any more.
    files.fdatasync(fd);
    if (replace) files.rename(draft, name);
    else files.link(draft, name);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    // File systems without hard links have no generation locks either: nobody can be of another mind.
    const isSettled = code === "EEXIST" || (kind === "kernel" && withoutLinks.includes(code));
    if (replace || !isSettled) throw error;
  } finally {
    files.close(fd);
    if (!replace) removeQuietly(files, draft);
  }
  if (kind !== "kernel" || replace) flushDirectory(files, path.dirname(name));
};

const withoutLinks: readonly string[] = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

const refusal = { outcome: "not_written", retryable: false } as const;

const otherKind = (name: string, kind: LockKind, choice: LockKind): StoreFault =>
  new StoreFault("STORE_UNAVAILABLE", `this ledger is kept with ${kind} locks, not with ${choice} locks`, {
    ...refusal,
    hint: "Two kinds of lock do not exclude each other. Follow the ledger, or switch it: mled unlock --switch.",
    details: { path: name, kind, choice },
  });

const noBinary = (name: string): StoreFault =>
  new StoreFault(
    "STORE_UNAVAILABLE",
    `this ledger is kept with kernel locks, for which there is no binary on ${process.platform}-${process.arch} here`,
    {
      ...refusal,
      hint: "With all its writers stopped, switch it to locks of plain files: mled unlock --switch generation.",
      details: { path: name, kind: "kernel" },
    },
  );

const unknownKind = (name: string): StoreFault =>
  new StoreFault("UNSUPPORTED_FORMAT", `${name} names a kind of lock that this version does not know`, {
    ...refusal,
    hint: "Use the version of mission-ledger that wrote it, or a newer one.",
    details: { path: name },
  });
