/** One command for a program that has no command line: input as an object, the envelope as an answer. */

import { type Globals, splitGlobals } from "../command/global-flags.ts";
import type { RawInput } from "../command/input.ts";
import { ownNames } from "../command/names.ts";
import { commands } from "../commands/index.ts";
import { type Envelope, envelopeSchema } from "../output/envelope.ts";
import type { ExitCode } from "../output/exit-codes.ts";
import type { Io, Output } from "./io.ts";
import { engineOf, type LedgerSource } from "./mount.ts";
import { performAndPrint } from "./perform-and-print.ts";

export interface RunContext extends Pick<Io, "cwd" | "stdin" | "clock" | "randomness" | "signal"> {
  /** @defaultValue empty */
  readonly env?: Io["env"];
  /** Never closed here. @defaultValue found from `cwd` and `env` */
  readonly ledger?: () => LedgerSource | Promise<LedgerSource>;
  readonly actor?: string;
  /** @defaultValue "mled" */
  readonly program?: string;
}

export interface RunOutcome {
  readonly exit: ExitCode;
  /** What `--json` prints. */
  readonly envelope: Envelope;
}

/** Throws `TypeError` for a command that is not in the table; everything else is in the outcome. */
export const runCommand = async (name: string, input: RawInput, context: RunContext): Promise<RunOutcome> => {
  const spec = commands.find((candidate) => candidate.name === name);
  if (spec === undefined) throw new TypeError(`there is no command ${name}`);
  let printed = "";
  const stdout: Output = {
    write: (chunk) => {
      printed += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
      return true;
    },
  };
  const { ledger, actor, program = "mled", env = {}, ...world } = context;
  const io: Io = { ...world, env, stdout, stderr: { write: () => true } };
  const globals: Globals = { ...splitGlobals({}, new Set()).globals, json: true };
  const names = ownNames(program);
  const hostLedger = ledger === undefined ? undefined : async () => engineOf(await ledger());
  const options = { spec, raw: input, globals, io, names, commands, hostLedger, hostActor: actor };
  const exit = await performAndPrint(options);
  return { exit, envelope: { ...(JSON.parse(printed) as Envelope), schema: envelopeSchema } };
};
