/** What a command is: data about itself and one function. The commander program, mounts, help, completion and schemas are made from it. */
import type {
  CancelSignal,
  Clock,
  EventStore,
  Kept,
  Randomness,
  Timers,
  TransferTarget,
  ViewStore,
} from "@mission-ledger/core";
import type { Ledger, RequestOptions } from "@mission-ledger/core/mission";
import type { FilePort } from "@mission-ledger/store-file";
import type { Machine } from "../machine/machine.ts";
import type { Programs } from "../machine/programs.ts";
import type { LedgerIndex } from "../mission-index/ledger-index.ts";
import type { Line } from "../output/lines.ts";
import type { LoadSqliteDriver, StoreAddress, StoreName } from "../store/store-kind.ts";
import type { CommandInput, FieldDefinitions, FieldSpec, InputOf } from "./fields.ts";
import type { Names } from "./names.ts";
import type { CommandResult } from "./result.ts";
import { inputSchemaOf, type JsonSchema } from "./schema.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the ledger lies, and why there. */
export interface Place {
  /** The kind of store; `host` when the host brought a ledger of its own. */
  readonly store: StoreName | "host";
  /** The data directory or the database file; `null` for a server's and for a host's. */
  readonly path: string | null;
  /** As it is shown, without a password; `null` for a host's. */
  readonly address: string | null;
  /** As it is opened; `null` for a host's. Never printed: it may hold a password. */
  readonly at: StoreAddress | null;
  /** Where the file store keeps its logs; `null` for every other store. */
  readonly directory: string | null;
  /** `null` where only a server could say, which was not asked. */
  readonly exists: boolean | null;
  /** What decided: `--ledger`, `--store`, `MISSION_LEDGER_STORE`, `git`, `folder`, `default` or `host`. */
  readonly decidedBy: string;
  readonly why: string;
  /** A ledger in a folder here or above that is passed over, where there is none at `path`. */
  readonly elsewhere?: string;
  /** The folder of the git work tree that gets a copy of each log; see `mled init --git`. */
  readonly publishTo?: string;
}

/** Where what was written is brought to after a command, and how long that may take. */
export interface SyncSetting {
  readonly at: StoreAddress;
  /** `--sync-to` or `MISSION_LEDGER_SYNC_TO`. */
  readonly decidedBy: string;
  readonly withinMs: number;
}

/** What a command may reach: a ledger, who acts, the time, texts to read. Never a process, a stream or argv. */
export interface CommandContext extends Names {
  readonly cwd: string;
  readonly env: Environment;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** The disk, with the way to the kernel's locks. */
  readonly files: FilePort;
  /** The way to SQLite's driver. @defaultValue as Node finds it from store-sqlite */
  readonly loadDriver: LoadSqliteDriver | undefined;
  /** The table the command was run from: for help, schemas and completion. */
  readonly commands: readonly CommandSpec[];
  place(): Promise<Place>;
  /** What keeps the ledger: what is done about damage depends on it. Not asked of the place, which may be what is wrong. */
  readonly keptBy: Place["store"];
  /** Opened on first use. Throws `LEDGER_NOT_FOUND`. */
  ledger(): Promise<Ledger>;
  /** As `ledger`, but makes the folder if it is not there. */
  createLedger(): Promise<{ readonly ledger: Ledger; readonly created: boolean }>;
  /** The file or folder where views of the ledger are remembered; `undefined` for log files, which have them inside. */
  remembersIn(): string | undefined;
  /**
   * A ledger as a side of a copy, made first if `make` says so and it is not there. `other` is what the other side keeps, if it
   * is not everything. Whoever asked for it closes it.
   */
  side(
    address: StoreAddress,
    options?: { readonly make?: boolean; readonly other?: Kept },
  ): Promise<TransferTarget>;
  /** Another ledger, made first if it is not there. Whoever asked for it closes it. */
  another(address: StoreAddress, options?: { readonly patienceMs?: number }): Promise<EventStore>;
  /** Views of the ledger as a whole, remembered beside it; `undefined` where there is no place for them. */
  views(): Promise<ViewStore | undefined>;
  /** Which missions may be worked on in a worktree, and which are open; `undefined` where nobody puts that down. */
  worktrees(): LedgerIndex | undefined;
  /** Where the ledger is brought to, when nobody says it for this one time; see {@link SyncSetting}. Throws `USAGE`. */
  syncsTo(): SyncSetting | undefined;
  /** Who acts. Throws `INPUT_REQUIRED` when nobody says. */
  actor(): Promise<string>;
  /**
   * The options under which the ledger runs a command that was never tried before. A given command id makes it look for
   * an earlier try, which costs a search of the log; a fresh id has none.
   */
  firstTry(commandId: string): Pick<RequestOptions, "commandId">;
  /** Content of a file, or of standard input for `-`. */
  readText(path: string): Promise<string>;
  /** Where a long command is, for whoever watches; as often as there is something new. */
  progress(note: ProgressNote): void;
  /** A file that works as a thread of this program, where it can have any. */
  readonly threadFile: string | undefined;
  /** Shown with the result, however the command ends well; said once. */
  warn(warning: string): void;
  /** What tells machines and processes apart. */
  readonly machine: Machine;
  /** How other programs are run; `undefined` where the host runs none. */
  readonly programs: Programs | undefined;
  readonly timers: Timers;
  /** Whether standard output is one document or records, so that nothing else may be printed there. */
  readonly isForPrograms: boolean;
  /** Says something to people while the command goes on, on standard error. Silent where a program reads. Never fails. */
  tell(line: Line): Promise<void>;
  /** How this program is run: Node and the script. `undefined` where a host runs it. */
  readonly program: readonly [node: string, script: string] | undefined;
  /** As `say`, about another ledger. A password is not shown, and asked for when it is typed like that. */
  sayAt(address: StoreAddress, command: string, rest?: string): string;
  /** The command being run, as it would be typed again with this command id. */
  again(commandId: string): string;
}

/** Where a command is, as people and programs are told. */
export interface ProgressNote {
  /** One line for a terminal of so many columns. */
  readonly line: (width: number) => string;
  /** What `--jsonl` prints. */
  readonly record: () => Readonly<Record<string, unknown>>;
}

export interface CommandSpec {
  /** Words joined by dots: `wp.move` is run as `mled wp move`. Never renamed. */
  readonly name: string;
  readonly summary: string;
  /** Shown below the summary. */
  readonly description?: string;
  readonly arguments: readonly FieldSpec[];
  readonly flags: readonly FieldSpec[];
  /** Without the program's name. */
  readonly examples: readonly string[];
  /** Among the dozen in the top help. */
  readonly common: boolean;
  readonly writes: boolean;
  /** Can print one record a line. */
  readonly jsonl: boolean;
  /** What its last argument takes is typed behind `--`, so that no flag of it is taken for one of ours. */
  readonly afterDashes: boolean;
  readonly inputSchema: JsonSchema;
  /** Schema of `data`. */
  readonly outputSchema: JsonSchema;
  run(context: CommandContext, input: CommandInput, signal: CancelSignal | undefined): Promise<CommandResult>;
}

export interface CommandDefinition<Arguments extends FieldDefinitions, Flags extends FieldDefinitions> {
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  /** In the order in which they are written. */
  readonly arguments?: Arguments;
  readonly flags?: Flags;
  readonly examples: readonly string[];
  readonly common?: boolean;
  readonly writes?: boolean;
  readonly jsonl?: boolean;
  readonly afterDashes?: boolean;
  readonly output?: JsonSchema;
  run(
    context: CommandContext,
    input: InputOf<Arguments> & InputOf<Flags>,
    signal: CancelSignal | undefined,
  ): Promise<CommandResult>;
}

/** A command from its definition; the input's type follows from its fields. */
export const command = <
  const Arguments extends FieldDefinitions = Record<never, never>,
  const Flags extends FieldDefinitions = Record<never, never>,
>({
  name,
  summary,
  description,
  arguments: positional,
  flags,
  examples,
  common = false,
  writes = false,
  jsonl = false,
  afterDashes = false,
  output = { type: "object" },
  run,
}: CommandDefinition<Arguments, Flags>): CommandSpec => {
  const named = (fields: FieldDefinitions | undefined): readonly FieldSpec[] =>
    Object.entries(fields ?? {}).map(([field, definition]) => ({ name: field, ...definition }));
  const spec = { arguments: named(positional), flags: named(flags) };
  return {
    name,
    summary,
    ...(description === undefined ? {} : { description }),
    ...spec,
    examples,
    common,
    writes,
    jsonl,
    afterDashes,
    get inputSchema() {
      return inputSchemaOf(spec);
    },
    outputSchema: output,
    run: run as CommandSpec["run"],
  };
};
