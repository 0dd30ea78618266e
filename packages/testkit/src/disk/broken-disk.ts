/** What a store that is broken where it meets the disk says of itself. */
import type { EventStore } from "@mission-ledger/core";
import type { CrashCheck } from "./crash-checks.ts";
import type { Life } from "./explore-crashes.ts";
import type { SimulatedFiles } from "./file-port.ts";

export interface BrokenDisk {
  readonly name: string;
  readonly caughtBy: CrashCheck;
  readonly lives: readonly Life[];
  /** Breaks the port that one process is given. */
  readonly breakFiles?: (files: SimulatedFiles) => SimulatedFiles;
  readonly breakStore?: (store: EventStore) => EventStore;
}
