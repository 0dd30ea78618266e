/** What missions, work packages and claims in a program's hands share. */
import type { Randomness } from "@mission-ledger/core";
import type { Ledger } from "@mission-ledger/core/mission";

export interface LibraryContext {
  readonly engine: Ledger;
  readonly actor: string;
  readonly randomness: Randomness;
  /** Where the program works. */
  readonly cwd: string;
}
