/** Retention of review prompts: what nobody can review by any more is taken away. */
import { selectMissions } from "../command/refs.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { toned } from "../output/lines.ts";
import { promptFolderOf } from "../prompts/prompt-folder.ts";
import { prunePrompts } from "../prompts/prune-prompts.ts";

export const reviewPrune: CommandSpec = command({
  name: "review.prune",
  summary: "Remove old review prompts that no review goes by any more",
  description:
    "A prompt goes when it is older than --older-than and its work package is not under review in that cycle. Its event stays in the log. What is no prompt of yours is left where it is and named; links are never followed. Asking for a prompt does the same for its work package.",
  arguments: {
    mission: { kind: "text", description: "only of this mission" },
  },
  flags: {
    olderThan: { kind: "duration", default: "30d", description: "how long prompts are kept" },
    dryRun: { kind: "boolean", description: "say what would be removed; remove nothing" },
  },
  examples: ["review prune", "review prune passkeys --older-than 7d --dry-run"],
  writes: true,
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    // A name that was mistyped would look as if nothing were left to remove.
    await selectMissions(ledger, input.mission);
    const { files, clock, env } = context;
    const folder = promptFolderOf(await context.place(), env);
    const { removed, kept, left } = await prunePrompts({
      ledger,
      files,
      clock,
      folder,
      only: input.mission === undefined ? {} : { mission: input.mission },
      keptMs: input.olderThan,
      dryRun: input.dryRun,
      signal,
    });
    for (const { file, problem } of left) context.warn(`${file} was left as it is: ${problem}`);
    return {
      data: { folder, removed, kept, left, olderThanMs: input.olderThan, dryRun: input.dryRun },
      human: [
        `${input.dryRun ? "would remove" : "removed"} ${counted(removed.length, "prompt")}, kept ${kept}`,
        ...removed.map(({ file }) => toned("dim", `  ${file}`)),
      ],
    };
  },
});
