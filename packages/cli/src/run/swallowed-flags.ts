/** `--reason --dry-run`: the parser takes the second flag for the first one's value, and a look would become a write. */

import type { FieldSpec } from "../command/fields.ts";
import { globalFlags } from "../command/global-flags.ts";
import { flagName, type RawInput } from "../command/input.ts";
import type { CommandSpec } from "../command/spec.ts";
import { usage } from "../output/problem.ts";

/**
 * Throws `USAGE` where a flag's value is exactly how a flag of this command, or one of all commands, is spelled. Asked of
 * parsed values, so that it holds for a host's parser as well.
 */
export const refuseSwallowedFlags = (spec: Pick<CommandSpec, "flags">, options: RawInput): void => {
  const fields = [...spec.flags, ...globalFlags];
  const spellings = new Set(["-h", "--help", ...fields.flatMap(spellingsOf)]);
  for (const { name } of fields)
    for (const value of [options[name]].flat())
      if (typeof value === "string" && spellings.has(value))
        throw usage(`${flagName(name)} needs a value`, `${value} is a flag itself.`);
};

const spellingsOf = ({ name, short, aliases = [] }: FieldSpec): readonly string[] => [
  ...[name, ...aliases].map(flagName),
  ...(short === undefined ? [] : [`-${short}`]),
];
