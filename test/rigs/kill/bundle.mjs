/** One file of a program, so that starting it costs little more than starting node. */
import { existsSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** What stays outside, since it is native; linked beside the bundle, where node looks packages up. */
const native = { "fs-native-extensions": "store-file", "better-sqlite3": "store-sqlite" };

export const bundleProgram = async (entry, outfile) => {
  const modules = path.join(path.dirname(outfile), "node_modules");
  mkdirSync(modules, { recursive: true });
  for (const [name, owner] of Object.entries(native)) {
    const there = new URL(`../../../packages/${owner}/node_modules/${name}`, import.meta.url);
    const link = path.join(modules, name);
    if (!existsSync(link)) symlinkSync(realpathSync(fileURLToPath(there)), link);
  }
  await build({
    entryPoints: [fileURLToPath(entry)],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20.19",
    external: Object.keys(native),
    banner: { js: 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
    define: { "import.meta.url": "bundleUrl" },
    legalComments: "none",
    logLevel: "error",
  });
};
