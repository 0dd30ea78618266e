/** The context of one run: everything a command may reach, opened on first use and closed at the end. */
import fs from "node:fs";
import path from "node:path";
import {
  type Commit,
  type EventStore,
  type Randomness,
  readingInTurns,
  systemClock,
  systemRandomness,
  systemTimers,
} from "@mission-ledger/core";
import { type Ledger, ledgerOver } from "@mission-ledger/core/mission";
import { nodeFiles, nodeFilesWith } from "@mission-ledger/store-file";
import type { CommandInput } from "../command/fields.ts";
import type { Globals } from "../command/global-flags.ts";
import type { Names } from "../command/names.ts";
import type { CommandContext, CommandSpec } from "../command/spec.ts";
import { warningText } from "../command/write.ts";
import { systemMachine } from "../machine/machine.ts";
import { type LedgerIndex, ledgerIndexOf, notingIndexes } from "../mission-index/ledger-index.ts";
import { renderLines } from "../output/lines.ts";
import { type CliError, usage } from "../output/problem.ts";
import { findActor } from "../place/actor.ts";
import { aboutCopies } from "../place/copies.ts";
import { type FoundPlace, findPlace, ledgerNotFound } from "../place/place.ts";
import { cacheFolderOf } from "../place/user-folders.ts";
import { formatAddress } from "../store/address.ts";
import { storeAt } from "../store/addressed-store.ts";
import type { StoreAddress, StorePorts } from "../store/store-kind.ts";
import { findSyncSetting } from "../sync/setting.ts";
import { interruptedError } from "./interruption.ts";
import { formatInvocation, namesAt } from "./invocation.ts";
import { type Io, put } from "./io.ts";
import { type Appends, notingAppends } from "./noted-appends.ts";
import { surfaceOf } from "./print.ts";
import { progressDisplay } from "./progress.ts";
import { readText } from "./read-text.ts";

export interface ContextOptions {
  readonly io: Io;
  readonly globals: Globals;
  readonly names: Names;
  readonly commands: readonly CommandSpec[];
  readonly spec: CommandSpec;
  readonly input: CommandInput;
  /** A ledger of the host's; it is never closed here. */
  readonly hostLedger: (() => Promise<Ledger>) | undefined;
  /** Who acts when nobody says; the host's word. */
  readonly hostActor: string | undefined;
}

export interface MadeContext {
  readonly context: CommandContext;
  /** What the command was told beside its result. */
  warnings(): readonly string[];
  /** The store of the ledger as it was opened, or may be now, and what was written last; `undefined` where there is none. */
  source(): Promise<{ readonly store: EventStore; readonly written: readonly Commit[] } | undefined>;
  /** Whether a server is asked for anything. */
  isOnServer(): boolean;
  /** How the command ends if nobody waits for it any longer. */
  interrupted(): CliError;
  /** Takes progress off the screen, so that the result can be printed. */
  endProgress(): Promise<void>;
  close(): Promise<void>;
}

/** Each command is a process that reads everything behind the last snapshot first. */
const snapshotEvery = 32;

export const makeContext = ({
  io,
  globals,
  names,
  commands,
  spec,
  input,
  hostLedger,
  hostActor,
}: ContextOptions): MadeContext => {
  const { env, clock = systemClock, randomness = systemRandomness, loadLockBinding, loadDriver } = io;
  const files = loadLockBinding === undefined ? nodeFiles : nodeFilesWith({ loadLockBinding });
  const cwd = globals.cwd === undefined ? io.cwd : path.resolve(io.cwd, globals.cwd);
  // Nothing is made or looked for below a folder that is not there.
  if (globals.cwd?.trim() === "") throw usage(`-C: ${JSON.stringify(globals.cwd)} is not a path`);
  if (globals.cwd !== undefined && !isFolder(cwd)) throw usage(`-C: there is no folder ${cwd}`);
  const here = namesAt(names, globals);
  let place: FoundPlace | undefined;
  const find = (): FoundPlace =>
    (place ??= findPlace({ cwd, env, ledger: globals.ledger, store: globals.store }));
  let opened: Promise<Ledger> | undefined;
  // The ledger takes the ids of fresh commands from its source of randomness; here they are made beforehand, to be named in failures.
  const fresh: string[] = [];
  const commandIds: Randomness = {
    uuid: () => fresh.shift() ?? randomness.uuid(),
    fraction: () => randomness.fraction(),
  };
  const warnings = new Set<string>();
  const written: Commit[] = [];
  const appends: Appends = { written, underway: undefined };
  /** Stores beside the ledger itself. */
  const elsewhere: StoreAddress[] = [];
  const display = progressDisplay(io, globals, clock);
  const cacheFolder = cacheFolderOf(env);
  const portsFor = ({ publishTo }: Pick<FoundPlace, "publishTo">): StorePorts => ({
    files,
    clock,
    randomness,
    ...(loadDriver === undefined ? {} : { loadDriver }),
    ...(publishTo === undefined ? {} : { publishTo }),
    ...(cacheFolder === undefined ? {} : { cacheFolder }),
  });
  const indexOf = (at: StoreAddress): LedgerIndex | undefined => ledgerIndexOf(at, portsFor({}));
  /** What is brought to a ledger was claimed elsewhere: who searched it meanwhile has not seen all of it either. */
  const closingUnindexed = (address: StoreAddress, close: () => Promise<void>): (() => Promise<void>) => {
    const index = indexOf(address);
    index?.invalidate();
    return async () => {
      await close();
      index?.invalidate();
    };
  };
  const open = (found: FoundPlace): Promise<Ledger> =>
    (opened ??= storeAt(found.at)
      .open(portsFor(found))
      .then(({ store, snapshots }) =>
        ledgerOver({
          store: notingAppends(
            withWorktrees({ ...store, ...readingInTurns(store) }, indexOf(found.at)),
            appends,
          ),
          snapshots,
          snapshotEvery,
          // What is read from a server comes over the network; on a disk, reading changes nothing.
          ...(found.store === "eventstoredb" ? { snapshotReadsEvery: snapshotEvery } : {}),
          actor: hostActor ?? "unknown",
          clock,
          randomness: commandIds,
          onWarning: (warning) => void warnings.add(warningText(warning)),
        }),
      ));
  const context: CommandContext = {
    cwd,
    env,
    clock,
    randomness,
    files,
    loadDriver,
    commands,
    place: async () =>
      hostLedger === undefined
        ? find()
        : {
            store: "host",
            path: null,
            address: null,
            at: null,
            directory: null,
            exists: true,
            decidedBy: "host",
            why: "the host program brings its own",
          },
    get keptBy() {
      return hostLedger === undefined ? find().store : "host";
    },
    ledger: async () => {
      if (hostLedger !== undefined) return hostLedger();
      const found = find();
      if (found.exists === false) throw ledgerNotFound(found, context);
      const { directory, publishTo } = found;
      if (directory !== null && publishTo !== undefined)
        for (const warning of await aboutCopies({
          copies: { directory, publishTo, files, clock, randomness },
          writes: spec.writes && input.dryRun !== true,
          say: here.say,
          onTakenIn: () => indexOf(found.at)?.invalidate(),
        }))
          warnings.add(warning);
      return open(found);
    },
    createLedger: async () => {
      if (hostLedger !== undefined) return { ledger: await hostLedger(), created: false };
      const found = find();
      if (found.exists === false) {
        await storeAt(found.at).make(portsFor(found));
        // Nothing is in it yet, so nothing has to be searched for.
        const index = indexOf(found.at);
        index?.complete(new Map());
        index?.open.complete({ names: [], slugOf: () => undefined }, []);
        place = { ...found, exists: true };
      }
      return { ledger: await open(found), created: found.exists === false };
    },
    side: async (address, { make = false, other = "lines" } = {}) => {
      elsewhere.push(address);
      const store = storeAt(address);
      const ports = portsFor({});
      if (make && store.isThere() === false) await store.make(ports);
      const target = await store.transfer(ports, other);
      return make ? { ...target, close: closingUnindexed(address, () => target.close()) } : target;
    },
    another: async (address, { patienceMs } = {}) => {
      elsewhere.push(address);
      const store = storeAt(address);
      const ports = { ...portsFor({}), ...(patienceMs === undefined ? {} : { patienceMs }) };
      if (store.isThere() === false) await store.make(ports);
      const { store: opened } = await store.open(ports);
      return { ...opened, close: closingUnindexed(address, () => opened.close()) };
    },
    worktrees: () => (hostLedger === undefined ? indexOf(find().at) : undefined),
    views: async () => (hostLedger === undefined ? storeAt(find().at).views(portsFor({})) : undefined),
    syncsTo: () => findSyncSetting({ syncTo: globals.syncTo, env, cwd }),
    remembersIn: () => (hostLedger === undefined ? storeAt(find().at).remembersIn(portsFor({})) : undefined),
    actor: async () =>
      findActor((input.as as string | undefined) ?? hostActor ?? (await hostLedger?.())?.actor, env, cwd),
    firstTry: (commandId) => {
      if (hostLedger !== undefined) return { commandId };
      fresh[0] = commandId;
      return {};
    },
    readText: (file) => readText(file, { cwd, io }),
    progress: display.tell,
    threadFile: io.threadFile,
    warn: (warning) => void warnings.add(warning),
    machine: io.machine ?? systemMachine,
    programs: io.programs,
    timers: io.timers ?? systemTimers,
    isForPrograms: globals.json || globals.jsonl,
    tell: async (line) => {
      if (globals.json || globals.jsonl) return;
      await put(io.stderr, renderLines([line], surfaceOf(io.stderr, io, globals))).catch(() => {});
    },
    program: io.program,
    // Help names commands and programs, which have no place.
    say: spec.name === "help" ? names.say : here.say,
    sayAt: (address, command, rest) =>
      namesAt(names, { cwd: undefined, ledger: undefined, store: formatAddress(address) }).say(command, rest),
    again: (commandId) => formatInvocation(here, spec, { ...input, requestId: commandId }),
  };
  return {
    context,
    warnings: () => [...warnings],
    source: async () => {
      if (hostLedger !== undefined) return { store: (await hostLedger()).store, written: [] };
      if (opened === undefined && find().exists === false) return undefined;
      return { store: (await open(find())).store, written: [...written] };
    },
    isOnServer: () =>
      elsewhere.some(({ store }) => store === "eventstoredb") ||
      (hostLedger === undefined && find().store === "eventstoredb"),
    interrupted: () =>
      interruptedError({
        context,
        spec,
        input,
        commandId: appends.underway,
        wroteElsewhere: elsewhere.length > 0,
      }),
    endProgress: display.end,
    close: async () => (await opened?.catch(() => undefined))?.close(),
  };
};

const withWorktrees = (store: EventStore, index: LedgerIndex | undefined): EventStore =>
  index === undefined ? store : notingIndexes(store, index);

const isFolder = (folder: string): boolean => {
  try {
    return fs.statSync(folder).isDirectory();
  } catch {
    return false;
  }
};
