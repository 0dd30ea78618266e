/** How many threads a rebuild is worth. */
import { availableParallelism } from "node:os";

/**
 * Events from which a second thread pays: it has to load the program and to open the ledger before it folds anything.
 * Source: `node test/bench/rebuild.mjs`, where both ways meet.
 */
const worthASecond = 60_000;
/** Beyond that the disk and the memory have nothing more to give. */
const most = 4;

export const crewSize = (asked: number | undefined, events: number): number =>
  asked ?? (events < worthASecond ? 1 : Math.min(most, availableParallelism()));
