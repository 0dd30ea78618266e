/**
 * The way from the bundle to the binary of the kernel's locks, which belongs to store-file. Finding it as Node does takes 4 ms,
 * so the two places where it lies in this workspace and in an installation by npm are tried first.
 */
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { type LockBinding, lockBindingFrom, prebuiltLock } from "@mission-ledger/store-file";

/** From the folder of the bundle. */
const places: readonly string[] = [
  "../../../store-file/node_modules/fs-native-extensions",
  "../../../fs-native-extensions",
];

/** `bundle` is the bundle's path. */
export const bundledLockBinding = (bundle: string): LockBinding => {
  for (const place of places) {
    const loaded = { exports: {} };
    try {
      process.dlopen(loaded, path.join(path.dirname(bundle), place, prebuiltLock));
      return loaded.exports as LockBinding;
    } catch {
      // It is not there.
    }
  }
  return lockBindingFrom(createRequire(bundle).resolve("@mission-ledger/store-file/package.json"))();
};
