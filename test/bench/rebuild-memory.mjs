/** `mled rebuild` in a process of its own; says on its last line how much memory it took at most, in MB. */
import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";

const mled = fileURLToPath(new URL("../../packages/cli/bin/mled.cjs", import.meta.url));
const before = process.resourceUsage().maxRSS / 1_024;
process.on("exit", () => {
  writeSync(1, `\n${JSON.stringify({ before, peak: process.resourceUsage().maxRSS / 1_024 })}\n`);
});
process.argv = [process.execPath, mled, "rebuild", "--no-resume", ...process.argv.slice(2)];
await import(mled);
