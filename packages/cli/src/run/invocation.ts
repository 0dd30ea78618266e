/** Commands as they are typed here, with all that makes them mean the same again. */
import { formatDuration } from "../command/duration.ts";
import type { CommandInput, FieldSpec } from "../command/fields.ts";
import type { Globals } from "../command/global-flags.ts";
import { flagName } from "../command/input.ts";
import type { Names } from "../command/names.ts";
import type { CommandSpec } from "../command/spec.ts";
import { hideInAddress, hidePasswords, isServerAddress } from "../output/passwords.ts";
import { shellQuote } from "../output/shell-quote.ts";

/** What commands are called here, with the flags that say where the ledger is: what is proposed has to work as it stands. */
export const namesAt = (
  names: Names,
  { cwd, ledger, store }: Pick<Globals, "cwd" | "ledger" | "store">,
): Names => ({
  say: (command, rest = "") =>
    names.say(command, [rest, formatFlags({ cwd, ledger, store })].filter((part) => part !== "").join(" ")),
});

/** The command as it would be typed to get the same again. */
export const formatInvocation = (names: Names, spec: CommandSpec, input: CommandInput): string => {
  const shown = ({ name, kind, default: preset }: FieldSpec): unknown => {
    const value =
      kind === "duration" && typeof input[name] === "number" ? formatDuration(input[name]) : input[name];
    return value === preset ? undefined : value;
  };
  const words = spec.arguments.flatMap((field) =>
    valuesOf(shown(field)).map((value) => shellQuote(typed(value))),
  );
  const flags = Object.fromEntries(spec.flags.map((field) => [field.name, shown(field)]));
  return names.say(spec.name, [...words, formatFlags(flags)].filter((part) => part !== "").join(" "));
};

const formatFlags = (flags: Readonly<Record<string, unknown>>): string =>
  Object.entries(flags)
    .flatMap(([name, value]) =>
      value === true
        ? [flagName(name)]
        : valuesOf(value).map((one) => `${flagName(name)} ${shellQuote(typed(one))}`),
    )
    .join(" ");

const valuesOf = (value: unknown): readonly unknown[] =>
  value === undefined || value === false ? [] : Array.isArray(value) ? value : [value];

/** A parsed value as it is written on a command line, but for a password. */
const typed = (value: unknown): string => {
  if (typeof value === "string") return isServerAddress(value) ? hideInAddress(value) : hidePasswords(value);
  if (typeof value !== "object" || value === null) return String(value);
  const { kind, ref, id, title } = value as { kind?: string; ref?: string; id?: string; title?: string };
  return kind === undefined ? `${id} ${title}` : `${kind}=${ref}`;
};
