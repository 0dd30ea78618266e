/** A file of the tests as a program of its own: threads and child processes of Node 20 run no TypeScript. */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));

/** Bundled into the package, so that it finds the addon of store-file. Remove it when the tests are done. */
export const bundled = async (name: string): Promise<{ readonly file: string; remove(): void }> => {
  const home = path.join(here, "..", "..", "..", "store-file", "node_modules", ".cache");
  const file = path.join(home, `rebuild-${name}-${process.pid}-${Date.now()}.mjs`);
  await build({
    entryPoints: [path.join(here, `${name}.ts`)],
    outfile: file,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@mission-ledger/source"],
    external: ["fs-native-extensions"],
    logLevel: "error",
  });
  return { file, remove: () => fs.rmSync(file, { force: true }) };
};
