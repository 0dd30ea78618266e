/** What a command may reach: a ledger, who acts, the time, texts to read. Never a process, a stream or argv. */
import type { Clock, Randomness } from "@mission-ledger/core";
import type { Ledger, RequestOptions } from "@mission-ledger/core/mission";
import type { CommandSpec } from "./spec.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the ledger lies, and why there. */
export interface Place {
  /** `null` when the host brought a ledger of its own. */
  readonly directory: string | null;
  readonly exists: boolean;
  /** What decided: `--ledger`, `--store`, `MISSION_LEDGER_STORE`, `git`, `folder`, `default` or `host`. */
  readonly decidedBy: string;
  readonly why: string;
}

export interface CommandContext {
  readonly cwd: string;
  readonly env: Environment;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** The table the command was run from: for help, schemas and completion. */
  readonly commands: readonly CommandSpec[];
  place(): Promise<Place>;
  /** Opened on first use. Throws `LEDGER_NOT_FOUND`. */
  ledger(): Promise<Ledger>;
  /** As `ledger`, but makes the folder if it is not there. */
  createLedger(): Promise<{ readonly ledger: Ledger; readonly created: boolean }>;
  /** Who acts. Throws `INPUT_REQUIRED` when nobody says. */
  actor(): Promise<string>;
  /**
   * The options under which the ledger runs a command that was never tried before. A given command id makes it look for
   * an earlier try, which costs a search of the log; a fresh id has none.
   */
  firstTry(commandId: string): Pick<RequestOptions, "commandId">;
  /** Content of a file, or of standard input for `-`. */
  readText(path: string): Promise<string>;
  /** How a command is typed here: `say("wp.claim", "a/WP01")` is `mled wp claim a/WP01`, or what a host calls it. */
  say(command: string, rest?: string): string;
  /** The command being run, as it would be typed again with this command id. */
  again(commandId: string): string;
}
