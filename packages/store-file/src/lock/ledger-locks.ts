/** The locks of one open ledger, all of the kind that the ledger is kept with. */
import type { Clock, Failpoint, Randomness } from "@mission-ledger/core";
import type { FilePort } from "../files/file-port.ts";
import type { NameWatch } from "../files/name-watch.ts";
import type { Layout } from "../layout.ts";
import { generationLock } from "./generation-lock.ts";
import { kernelLock } from "./kernel-lock.ts";
import type { LedgerLock, LockKind } from "./ledger-lock.ts";
import { type LockChoice, ledgerLockKind } from "./lock-kind.ts";
import type { ProcessFacts } from "./process-facts.ts";

export interface LedgerLocks {
  /** The lock of that name. Two of one name exclude each other, also in one process. */
  at(path: string): LedgerLock;
}

export interface LedgerLocksOptions {
  readonly files: FilePort;
  readonly layout: Layout;
  readonly facts: ProcessFacts;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly failpoint: Failpoint;
  /** Of the directory of the locks. */
  readonly names: NameWatch;
  readonly choice: LockChoice;
}

export const ledgerLocks = (options: LedgerLocksOptions): LedgerLocks => {
  const kind = ledgerLockKind(options);
  return {
    at: (path) => {
      let lock: LedgerLock | undefined;
      const current = (): LedgerLock => {
        if (lock !== undefined) return lock;
        lock = make[kind.decided()]({ ...options, path });
        return lock;
      };
      /** The ledger may have been switched to the other kind: then a lock of this kind keeps nobody out. */
      const agreed = (taken: boolean): boolean => {
        if (!taken || lock === undefined) return false;
        try {
          if (kind.isStill(lock.kind)) return true;
        } catch (error) {
          lock.close(); // nobody would release it
          throw error;
        }
        lock.close();
        lock = undefined;
        return false;
      };
      return {
        path,
        get kind() {
          return current().kind;
        },
        tryAcquire: (names) => agreed(current().tryAcquire(names)),
        waitFree: async (milliseconds, signal) => agreed(await current().waitFree(milliseconds, signal)),
        descriptor: () => current().descriptor(),
        release: () => lock?.release(),
        close: () => lock?.close(),
      };
    },
  };
};

const make: Readonly<
  Record<LockKind, (options: LedgerLocksOptions & { readonly path: string }) => LedgerLock>
> = { kernel: kernelLock, generation: generationLock };
