/** pnpm of the version that package.json pins: this machine's if it is that one, else through npm. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { root, run, throughNpm } from "./programs.mjs";

const { packageManager } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));

export const pinnedVersion = packageManager.slice(packageManager.indexOf("@") + 1);

/** How to start it, and where it comes from. */
export const findPnpm = async () => {
  const own = await run(["pnpm", "--version"], { capture: true });
  if (own.code === 0 && own.output.trim() === pinnedVersion)
    return { command: ["pnpm"], from: "this machine's" };
  return { command: throughNpm(`pnpm@${pinnedVersion}`, ["pnpm"]), from: "through npm" };
};
