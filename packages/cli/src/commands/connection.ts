/** Whether a server can be worked with, step by step: what doctor says before it looks at any mission. */
import { isStoreFault } from "@mission-ledger/core";
import type { CommandResult } from "../command/result.ts";
import type { CommandContext } from "../command/spec.ts";
import { exitCodeOf } from "../output/exit-codes.ts";
import { type Line, toned } from "../output/lines.ts";
import { nameOfPlace } from "../place/place.ts";
import { eventStoreDb } from "../store/eventstoredb.ts";
import { hidePasswords } from "../store/passwords.ts";

/** One thing that has to hold for the ledger to work there. */
export interface ConnectionCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What was found, as a stable word; `null` while it holds. */
  readonly code: string | null;
  /** The code that commands end with because of it, where it keeps them from it. */
  readonly fault: string | null;
  readonly message: string;
  /** What to do next. */
  readonly hint: string | null;
}

/** `undefined` for a ledger that is on no server. Never throws for what is wrong with one; throws `DRIVER_MISSING`. */
export const checkConnection = async (
  context: CommandContext,
): Promise<readonly ConnectionCheck[] | undefined> => {
  const { at } = await context.place();
  if (at?.store !== "eventstoredb") return undefined;
  const { diagnose } = await eventStoreDb();
  const { checks } = await diagnose({ url: at.reveal() });
  // What was not looked at is neither well nor amiss.
  return checks
    .filter(({ status }) => status !== "skipped")
    .map(({ check, status, code, fault, message, nextStep }) => ({
      name: check,
      ok: status === "ok",
      code: status === "ok" ? null : code,
      fault,
      message: hidePasswords(message),
      hint: nextStep === null ? null : hidePasswords(nextStep),
    }));
};

export const connectionLines = (checks: readonly ConnectionCheck[] = []): readonly Line[] =>
  checks.flatMap(({ ok, message, hint }): readonly Line[] => [
    [ok ? toned("good", "ok      ") : toned("warn", "action  "), message],
    ...(hint === null ? [] : hint.split("\n").map((line): Line => ["        ", toned("dim", line)])),
  ]);

/** How doctor ends where no mission could be looked at. What failed first is the reason, whoever met it. */
export const withoutConnection = async (
  context: CommandContext,
  checks: readonly ConnectionCheck[],
  error: unknown,
): Promise<CommandResult> => {
  const failed = checks.find(({ ok }) => !ok);
  if (failed === undefined || !isStoreFault(error)) throw error;
  const code = failed.fault ?? error.code;
  return {
    data: {
      ledger: nameOfPlace(await context.place()),
      database: null,
      connection: checks,
      missions: 0,
      events: 0,
      findings: [],
    },
    exit: exitCodeOf(code),
    error: {
      code,
      message: failed.message,
      ...(failed.hint === null ? {} : { hint: failed.hint }),
      details: { check: failed.name, found: failed.code },
    },
    human: connectionLines(checks),
  };
};
