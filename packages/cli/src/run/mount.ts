/**
 * Our commands inside somebody else's commander program. Only calls the host's own `Command` object, so its
 * `exitOverride` and `configureOutput` hold, and no second commander is loaded.
 */
import type { Ledger } from "@mission-ledger/core/mission";
import { placeFlags, printFlags, splitGlobals } from "../command/global-flags.ts";
import type { Names } from "../command/names.ts";
import type { CommandSpec } from "../command/spec.ts";
import { commands } from "../commands/index.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { type CommanderLike, declareCommand } from "./commander-like.ts";
import type { Io } from "./io.ts";
import type { PerformOptions } from "./perform.ts";
import { performAndPrint } from "./perform-and-print.ts";

/** A ledger of core, or what `openLedger` of this package answers. */
export type LedgerSource = Ledger | { readonly engine: Ledger };

export interface MountOptions {
  /** Opened on first use and never closed here. @defaultValue found as our own program finds it, with the flags for it */
  readonly ledger?: () => LedgerSource | Promise<LedgerSource>;
  /** Groups (`wp`) or commands (`wp.move`). @defaultValue all */
  readonly include?: readonly string[];
  /** Other words for groups (`wp`) or commands (`wp.move`, renamed to a last word). */
  readonly rename?: Readonly<Record<string, string>>;
  /** How a command ended, by our exit table. @defaultValue sets `process.exitCode` */
  readonly onExit?: (code: number) => void;
  /** @defaultValue the process's */
  readonly io?: Io;
  /** Who acts when neither a flag nor the environment says. */
  readonly actor?: string;
}

/** Declares the commands on `host`. Throws `TypeError` for names in `include` and `rename` that nothing has. */
export const mountCommands = (host: CommanderLike, options: MountOptions = {}): void => {
  const { include, rename = {}, ledger } = options;
  for (const name of [...(include ?? []), ...Object.keys(rename)])
    if (!commands.some((spec) => isNamedBy(spec, name)))
      throw new TypeError(`there is no command or group ${name}`);
  const mounted = commands.filter(
    (spec) => include === undefined || include.some((name) => isNamedBy(spec, name)),
  );
  const names = hostNames(host, rename);
  const groups = new Map<string, CommanderLike>();
  const hostLedger = ledger === undefined ? undefined : once(async () => engineOf(await ledger()));
  for (const spec of mounted) {
    const words = hostWords(spec.name, rename);
    let parent = host;
    if (words.length > 1) {
      const [group = ""] = words;
      parent = groups.get(group) ?? declareGroup(host, group);
      groups.set(group, parent);
    }
    const flags = hostLedger === undefined ? [...placeFlags, ...printFlags] : printFlags;
    declareCommand(parent, words.at(-1) as string, spec, flags, async (_, input) => {
      const { globals, rest } = splitGlobals(input, new Set(spec.flags.map((field) => field.name)));
      const io = options.io ?? (await import("./process-io.ts")).processIo();
      const performed: PerformOptions = {
        spec,
        raw: rest,
        globals,
        io,
        names,
        commands: mounted,
        hostLedger,
        hostActor: options.actor,
      };
      const code = await performAndPrint(performed);
      if (options.onExit !== undefined) options.onExit(code);
      else if (code !== exitCodes.done) (await import("node:process")).default.exitCode = code;
    });
  }
};

const isNamedBy = ({ name }: CommandSpec, given: string): boolean =>
  name === given || name.startsWith(`${given}.`);

const declareGroup = (host: CommanderLike, name: string): CommanderLike => host.command(name);

const hostWords = (name: string, rename: Readonly<Record<string, string>>): readonly string[] => {
  const own = Object.hasOwn(rename, name) ? rename[name] : undefined;
  const words = name.split(".");
  if (words.length === 1) return [own ?? name];
  const [group = "", last = ""] = words;
  return [(Object.hasOwn(rename, group) ? rename[group] : undefined) ?? group, own ?? last];
};

/** `acme mission task move`: the host's path, then the words commands have there. */
const hostNames = (host: CommanderLike, rename: Readonly<Record<string, string>>): Names => {
  const path: string[] = [];
  for (
    let at: CommanderLike | null | undefined = host;
    at;
    at = at.parent as CommanderLike | null | undefined
  ) {
    const name = at.name?.() ?? "";
    if (name !== "") path.unshift(name);
  }
  return {
    say: (command, rest = "") =>
      [...path, ...(command === "" ? [] : hostWords(command, rename)), rest]
        .filter((word) => word !== "")
        .join(" "),
  };
};

export const engineOf = (source: LedgerSource): Ledger => ("engine" in source ? source.engine : source);

const once = <A>(make: () => Promise<A>): (() => Promise<A>) => {
  let made: Promise<A> | undefined;
  return () => (made ??= make());
};
