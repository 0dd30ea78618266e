/** Runs one command and answers how it ended. Never throws: whatever goes wrong becomes a problem with a code. */
import path from "node:path";
import { limitOf, systemClock } from "@mission-ledger/core";
import type { Ledger } from "@mission-ledger/core/mission";
import type { CommandInput } from "../command/fields.ts";
import type { Globals } from "../command/global-flags.ts";
import { parseInput, type RawInput } from "../command/input.ts";
import type { Names } from "../command/names.ts";
import type { CommandResult } from "../command/result.ts";
import type { CommandContext, CommandSpec } from "../command/spec.ts";
import { exitCodeOf, exitCodes } from "../output/exit-codes.ts";
import { hidePasswords } from "../output/passwords.ts";
import { CliError, isAbort, type Problem, problemOf, usage, withoutPasswords } from "../output/problem.ts";
import { findPlace } from "../place/place.ts";
import { type FinalSync, finalSync, isFollowedBySync } from "../sync/final-sync.ts";
import type { Ending } from "./ending.ts";
import { hintFor } from "./hints.ts";
import { unlessInterrupted } from "./interruption.ts";
import { namesAt } from "./invocation.ts";
import type { Io } from "./io.ts";
import { makeContext } from "./make-context.ts";
import { refuseSwallowedFlags } from "./swallowed-flags.ts";

export interface Performance {
  readonly ending: Ending;
  /** Brings what the command wrote to another store; absent where nobody wants it. Never throws. */
  readonly sync?: () => Promise<FinalSync | undefined>;
  /** Ends what the result may still be reading from. */
  close(): Promise<void>;
}

export interface PerformOptions {
  readonly spec: CommandSpec;
  readonly raw: RawInput;
  readonly globals: Globals;
  readonly io: Io;
  readonly names: Names;
  readonly commands: readonly CommandSpec[];
  readonly hostLedger?: (() => Promise<Ledger>) | undefined;
  readonly hostActor?: string | undefined;
}

/** Milliseconds in which a store may close that nobody waits for any more. */
const closesWithinMs = 250;

export const perform = async (options: PerformOptions): Promise<Performance> => {
  const { spec, raw, globals, io, names, commands, hostLedger, hostActor } = options;
  let close = async (): Promise<void> => {};
  let warnings = (): readonly string[] => [];
  let endProgress = async (): Promise<void> => {};
  try {
    if (globals.jsonl && !spec.jsonl) throw usage(`${spec.name} prints one document; use --json`);
    refuseSwallowedFlags(spec, { ...raw, ...globals });
    const input: CommandInput = parseInput(spec, raw);
    const made = makeContext({ io, globals, names, commands, spec, input, hostLedger, hostActor });
    ({ close, warnings, endProgress } = made);
    const { context, source } = made;
    // A wrong address is told before anything is written.
    const setting = isFollowedBySync(spec, input) ? context.syncsTo() : undefined;
    const result = await unlessInterrupted(spec.run(context, input, io.signal), {
      signal: io.signal,
      isOnServer: made.isOnServer,
      interrupted: () => {
        // Nor is waited for whoever does not answer when it is closed.
        close = () => limitOf({ withinMs: closesWithinMs }).within(made.close());
        return made.interrupted();
      },
    });
    await endProgress();
    const all = [...warnings(), ...(result.warnings ?? [])].map(hidePasswords);
    const ending = endingOf({ ...result, warnings: all }, globals);
    if (setting === undefined || ending.error !== null) return { ending, close };
    const sync = () => finalSync({ context, setting, source, signal: io.signal });
    return { ending, sync, close };
  } catch (error) {
    await endProgress();
    // What a work tree holds and the ledger lacks may be the very reason.
    const ending = failedEnding(error, options);
    return {
      ending: { ...ending, warnings: [...warnings().map(hidePasswords), ...ending.warnings] },
      close,
    };
  }
};

const endingOf = (result: CommandResult, { failEmpty }: Globals): Ending => {
  const { data, warnings = [], error, empty = false } = result;
  if (error !== undefined) {
    const { code, message, hint = null, details = {} } = error;
    const problem = withoutPasswords({ code, message, hint, retryable: false, outcome: null, details });
    return { exit: result.exit ?? exitCodeOf(code), data, warnings, error: problem, result };
  }
  if (empty && failEmpty) {
    const problem: Problem = {
      code: "EMPTY",
      message: "there is nothing to show",
      hint: null,
      retryable: true,
      outcome: null,
      details: {},
    };
    return { exit: exitCodes.empty, data, warnings, error: problem, result };
  }
  return { exit: result.exit ?? exitCodes.done, data, warnings, error: null, result };
};

/** How a command ended that threw, also later, while its rows were printed. */
export const failedEnding = (
  error: unknown,
  { globals, io, names, spec }: Pick<PerformOptions, "globals" | "io" | "names" | "spec">,
): Ending => {
  const known = isAbort(error, io.signal)
    ? new CliError("INTERRUPTED", "interrupted; nothing was written", { cause: error })
    : error;
  const problem = problemOf(known);
  const hinted: Problem = {
    ...problem,
    hint: hintFor(problem, {
      names: namesAt(names, globals),
      spec,
      now: (io.clock ?? systemClock).now(),
      keptBy: keeperAt(globals, io),
    }),
  };
  const missing = problem.code === "NOT_FOUND" || problem.code === "LEDGER_NOT_FOUND";
  if (globals.missingOk && missing)
    return {
      exit: exitCodes.done,
      data: null,
      warnings: [`${problem.code}: ${problem.message}`],
      error: null,
      result: undefined,
    };
  return { exit: exitCodeOf(problem.code), data: null, warnings: [], error: hinted, result: undefined };
};

/** As the command's context would say, which may not exist: the place itself can be what is wrong. Unnamed ledgers are files. */
const keeperAt = ({ cwd, ledger, store }: Globals, { cwd: from, env }: Io): CommandContext["keptBy"] => {
  if ((ledger ?? store ?? env.MISSION_LEDGER_STORE ?? "") === "") return "file";
  try {
    return findPlace({ cwd: path.resolve(from, cwd ?? "."), env, ledger, store }).store;
  } catch {
    return "file";
  }
};
