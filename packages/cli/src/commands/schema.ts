/** The JSON Schema of a command: what it takes, and what `--json` prints under `data`. */
import { type CommandSpec, command } from "../command/spec.ts";
import { envelopeSchema } from "../output/envelope.ts";
import { printableJson } from "../output/printable.ts";
import { CliError } from "../output/problem.ts";
import { nearest } from "../output/suggest.ts";

export const schema: CommandSpec = command({
  name: "schema",
  summary: "Print the JSON Schema of a command",
  arguments: {
    command: { kind: "text", repeatable: true, description: "which command, as wp.move or wp move" },
  },
  examples: ["schema wp.move", "schema"],
  run: async ({ commands }, input) => {
    const name = input.command.join(".");
    if (name === "")
      return {
        data: { schema: envelopeSchema, commands: commands.map((spec) => spec.name) },
        human: commands.map((spec) => spec.name),
      };
    const spec = commands.find((candidate) => candidate.name === name);
    if (spec === undefined) {
      const near = nearest(
        name,
        commands.map((candidate) => candidate.name),
      );
      throw new CliError(
        "NOT_FOUND",
        `there is no command ${name}`,
        near === undefined ? {} : { hint: `Did you mean ${near}?` },
      );
    }
    const data = {
      command: spec.name,
      summary: spec.summary,
      input: spec.inputSchema,
      output: spec.outputSchema,
    };
    return { data, human: [printableJson(data)] };
  },
});
