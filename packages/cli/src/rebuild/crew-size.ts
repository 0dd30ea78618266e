/** How many threads a rebuild is worth. */

/**
 * Events from which a second thread pays: it has to load the program and to open the ledger before it folds anything.
 * Source: `node test/bench/rebuild.mjs`, where both ways meet.
 */
const worthASecond = 60_000;
/** Beyond that the disk and the memory have nothing more to give. */
const most = 4;

export const crewSize = async (asked: number | undefined, events: number): Promise<number> => {
  if (asked !== undefined) return asked;
  if (events < worthASecond) return 1;
  // Loaded only here: what a module costs is felt in every command.
  const { availableParallelism } = await import("node:os");
  return Math.min(most, availableParallelism());
};
