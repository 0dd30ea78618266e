/** A program of these tests as one file: child processes of Node 20 run no TypeScript. */
import { rmSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";

/** Bundled into the package, so that it finds the client. Remove it when the tests are done. */
export const bundled = async (name: string): Promise<{ readonly file: string; remove(): void }> => {
  const file = path.resolve(import.meta.dirname, `../../node_modules/.cache/${name}-${process.pid}.mjs`);
  await build({
    entryPoints: [path.resolve(import.meta.dirname, `${name}.ts`)],
    outfile: file,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@mission-ledger/source"],
    external: ["@eventstore/db-client"],
    logLevel: "error",
  });
  return { file, remove: () => rmSync(file, { force: true }) };
};
