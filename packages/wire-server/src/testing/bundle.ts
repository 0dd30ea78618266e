/** The program as one file: child processes of Node 20 run no TypeScript. */
import { rmSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";

/** Bundled into the package, so that it finds what it depends on. Remove it when the tests are done. */
export const bundledMain = async (): Promise<{ readonly file: string; remove(): void }> => {
  const home = path.resolve(import.meta.dirname, "../../node_modules/.cache");
  const file = path.join(home, `main-${process.pid}-${Date.now()}.mjs`);
  await build({
    entryPoints: [path.resolve(import.meta.dirname, "../main.ts")],
    outfile: file,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
  });
  return { file, remove: () => rmSync(file, { force: true }) };
};
