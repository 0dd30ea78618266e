/** Parts of the program that few commands need, each in a file beside the bundle: loaded when asked for, with V8's code cache. */
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";

/** What `createCachedData` of a part's script answers, for the build. */
interface LoadedPart {
  readonly exports: unknown;
  cache(): Buffer;
}

/** `bundle` is the bundle's path. Modules of Node are all that a part may require. */
export const loadPart = (bundle: string, name: string): LoadedPart => {
  const folder = path.dirname(bundle);
  const file = path.join(folder, `${name}.cjs`);
  const { Script } = process.getBuiltinModule("node:vm");
  const cachedData = readIfThere(path.join(folder, cacheName(name)));
  // V8 checks version, flags and source itself; a cache that does not fit costs nothing but its reading.
  const script = new Script(fs.readFileSync(file, "latin1"), {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  const part = { exports: {} };
  const run = script.runInThisContext() as (...names: readonly unknown[]) => void;
  run(part.exports, createRequire(file), part, file, folder);
  return { exports: part.exports, cache: () => script.createCachedData() };
};

export const cacheName = (name: string): string => `${name}.${process.version}.${process.arch}.cache`;

const readIfThere = (file: string): Buffer | undefined => {
  try {
    return fs.readFileSync(file);
  } catch {
    return undefined;
  }
};
