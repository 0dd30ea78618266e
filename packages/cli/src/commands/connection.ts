/** Whether a server can be worked with, step by step: what doctor says before it looks at any mission. */
import { isStoreFault } from "@mission-ledger/core";
import type { CommandResult } from "../command/result.ts";
import type { CommandContext } from "../command/spec.ts";
import { type ExitCode, exitCodeOf } from "../output/exit-codes.ts";
import { type Line, toned } from "../output/lines.ts";
import { hidePasswords } from "../output/passwords.ts";
import { nameOfPlace } from "../place/place.ts";
import { eventStoreDb } from "../store/eventstoredb.ts";

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

/** What holds is one line; what does not comes with what to do. */
export const connectionLines = (checks: readonly ConnectionCheck[] = []): readonly Line[] => {
  const held = checks.flatMap(({ name, ok }) => (ok ? [name] : []));
  return [
    ...(held.length === 0 ? [] : [[toned("good", "ok      "), `connection: ${held.join(", ")}`]]),
    ...checks.flatMap(({ name, ok, message, hint }): readonly Line[] =>
      ok
        ? []
        : [
            [toned("warn", "action  "), `${name}: ${message}`],
            ...(hint === null ? [] : hint.split("\n").map((line): Line => ["        ", line])),
          ],
    ),
  ];
};

/** What failed first of what everybody needs: reading the whole log is needed by few commands, and they say so. */
const hindrance = (checks: readonly ConnectionCheck[] = []): ConnectionCheck | undefined =>
  checks.find(({ name, ok, fault }) => !ok && fault !== null && name !== "read_all");

/** What doctor ends with where all missions are sound and the server is not all that it has to be. */
export const hindered = (
  checks: readonly ConnectionCheck[] | undefined,
): { readonly exit: ExitCode; readonly error: NonNullable<CommandResult["error"]> } | undefined => {
  const found = hindrance(checks);
  if (found?.fault === undefined || found.fault === null) return undefined;
  return { exit: exitCodeOf(found.fault), error: errorOf(found, found.fault) };
};

/** How doctor ends where no mission could be looked at. What failed first is the reason, whoever met it. */
export const withoutConnection = async (
  context: CommandContext,
  checks: readonly ConnectionCheck[],
  error: unknown,
): Promise<CommandResult> => {
  const found = hindrance(checks);
  if (found === undefined || !isStoreFault(error)) throw error;
  const code = found.fault ?? error.code;
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
    error: errorOf(found, code),
    human: connectionLines(checks),
  };
};

const errorOf = ({ name, code, message, hint }: ConnectionCheck, fault: string) => ({
  code: fault,
  message,
  ...(hint === null ? {} : { hint }),
  details: { check: name, found: code },
});
