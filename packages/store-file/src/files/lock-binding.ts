/** The binary with the kernel's locks, and how it is found. */
import { createRequire } from "node:module";
import path from "node:path";

export interface LockBinding {
  tryLock(fd: number, offset: number, length: number, exclusive: boolean): void;
  waitForLock(
    fd: number,
    offset: number,
    length: number,
    exclusive: boolean,
    request: object,
    done: (this: unknown, error: Error | null) => void,
  ): unknown;
  unlock(fd: number, offset: number, length: number): void;
}

/** Loads the binary, or throws if there is none for this system. Called once, when the first lock is taken. */
export type LoadLockBinding = () => LockBinding;

/** Where in its package the binary for this system lies. */
export const prebuiltLock: string = `prebuilds/${process.platform}-${process.arch}/fs-native-extensions.node`;

/**
 * Requires the prebuilt binary itself. The package's own entry searches for it at every start, which takes 10 to 15 ms:
 * a third of what an empty node process costs, and so most of a cold command's allowance.
 */
export const lockBindingFrom =
  (from: string): LoadLockBinding =>
  () => {
    const require = createRequire(from);
    const folder = path.dirname(require.resolve("fs-native-extensions"));
    try {
      return require(path.join(folder, prebuiltLock)) as LockBinding;
    } catch {
      return require(path.join(folder, "binding.js")) as LockBinding;
    }
  };

/** As it lies beside this module, in `node_modules`. */
export const ownLockBinding: LoadLockBinding = () => lockBindingFrom(import.meta.url)();
