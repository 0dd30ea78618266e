/** One file of a program, so that starting it costs little more than starting node. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Where the bundle finds the prebuilt lock: as the environment variable that node looks packages up in. */
export const nodePath = fileURLToPath(new URL("../../../packages/store-file/node_modules", import.meta.url));

export const bundleProgram = async (entry, outfile) => {
  await build({
    entryPoints: [fileURLToPath(entry)],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20.19",
    external: ["fs-native-extensions"],
    banner: { js: 'const bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
    define: { "import.meta.url": "bundleUrl" },
    legalComments: "none",
    logLevel: "error",
  });
};
