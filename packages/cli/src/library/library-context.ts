/** What missions, work packages and claims in a program's hands share. */
import type { Randomness, Timers } from "@mission-ledger/core";
import type { Ledger } from "@mission-ledger/core/mission";
import type { Machine } from "../machine/machine.ts";
import type { StoreAddress } from "../store/store-kind.ts";

export interface LibraryContext {
  readonly engine: Ledger;
  readonly actor: string;
  readonly randomness: Randomness;
  /** `null` for a store that was opened elsewhere. */
  readonly at: StoreAddress | null;
  /** Where the program works, and relative paths begin. */
  readonly cwd: string;
  /** They do not keep the program alive. */
  readonly timers: Timers;
  readonly machine: Machine;
}
