/** One command from its input to its exit code: run, printed, and what it wrote brought to another store if that is wanted. */
import type { ExitCode } from "../output/exit-codes.ts";
import { failedEnding, type PerformOptions, perform } from "./perform.ts";
import { printEnding, printWarnings } from "./print.ts";

/**
 * People see the result before another store is asked; a document waits for what it says about that. Whatever comes of it, the
 * command's exit code stays.
 */
export const performAndPrint = async (options: PerformOptions): Promise<ExitCode> => {
  const { spec, globals, io } = options;
  const { ending, sync, close } = await perform(options);
  const fail = (error: unknown) => failedEnding(error, options);
  const printing = { io, globals, command: spec.name, fail };
  let exit: ExitCode;
  if (sync === undefined) exit = await printEnding(ending, printing);
  else if (globals.json && !globals.jsonl) {
    const synced = await sync();
    const warnings = [...ending.warnings, ...(synced?.warnings ?? [])];
    const told = synced === undefined ? ending : { ...ending, warnings, sync: synced.report };
    exit = await printEnding(told, printing);
  } else {
    exit = await printEnding(ending, printing);
    const synced = await sync();
    if (synced !== undefined) await printWarnings(synced.warnings, printing);
  }
  await close().catch(() => {});
  return exit;
};
