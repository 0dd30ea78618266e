/** What an interrupt ends where a server keeps a command waiting, and what is known then of what the command wrote. */
import { type CancelSignal, systemTimers, type Timers } from "@mission-ledger/core";
import type { CommandInput } from "../command/fields.ts";
import type { CommandContext, CommandSpec } from "../command/spec.ts";
import { CliError } from "../output/problem.ts";

/** Milliseconds in which a server that answers may still finish what was begun. */
const graceMs = 1_000;

export interface InterruptionOptions {
  readonly signal: CancelSignal | undefined;
  /** Whether it is a server that is waited for: what is under way on a disk is finished. Asked when the time is over. */
  readonly isOnServer: () => boolean;
  /** What is known of the outcome. Asked when the time is over. */
  readonly interrupted: () => CliError;
  readonly timers?: Timers;
}

/**
 * As the promise; rejects with what `interrupted` answers if the promise has not settled a second after the signal. What the
 * promise comes to afterwards is nobody's concern: it never goes unhandled.
 */
export const unlessInterrupted = <A>(
  running: Promise<A>,
  { signal, isOnServer, interrupted, timers = systemTimers }: InterruptionOptions,
): Promise<A> => {
  if (signal === undefined) return running;
  return new Promise((resolve, reject) => {
    let callOff = (): void => {};
    const onAbort = (): void => {
      callOff = timers.after(graceMs, () => {
        if (isOnServer()) reject(interrupted());
      });
    };
    const end = (): void => {
      callOff();
      signal.removeEventListener("abort", onAbort);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
    running.then(
      (value) => {
        end();
        resolve(value);
      },
      (error: unknown) => {
        end();
        reject(error);
      },
    );
  });
};

export interface Interrupted {
  readonly context: Pick<CommandContext, "again">;
  readonly spec: Pick<CommandSpec, "flags">;
  readonly input: CommandInput;
  /** The command that was being appended, if any. */
  readonly commandId: string | undefined;
  /** Another ledger was being written to. */
  readonly wroteElsewhere: boolean;
}

/** Nothing was written is said only where nothing was sent. */
export const interruptedError = ({
  context,
  spec,
  input,
  commandId,
  wroteElsewhere,
}: Interrupted): CliError => {
  if (input.dryRun === true || (commandId === undefined && !wroteElsewhere))
    return new CliError("INTERRUPTED", "interrupted; nothing was written");
  const isKnownById = commandId !== undefined && spec.flags.some(({ name }) => name === "requestId");
  const run = context.again(commandId ?? "");
  return new CliError("INTERRUPTED", "interrupted before the server had answered", {
    outcome: "unknown",
    retryable: true,
    hint: isKnownById
      ? `It may have been written. Run it again with its id, which does it at most once: ${run}`
      : `Some of it may have been written. Go on with it: ${run}`,
    details: isKnownById ? { commandId, run } : { run },
  });
};
