/** What the pre-commit hook runs: no copy of a log is committed that another clone could not read. */
import { checkStagedCopies } from "@mission-ledger/store-file";
import { type CommandSpec, command } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { toned } from "../output/lines.ts";
import { gitEnvironment } from "../place/place.ts";

export const checkCopies: CommandSpec = command({
  name: "check-copies",
  summary: "Check the copies of logs that are staged for commit",
  description:
    "Exit 8 when one is torn, damaged or holds conflict markers. Reads git's index; changes nothing.",
  flags: { staged: { kind: "boolean", description: "what git is about to commit; the only kind there is" } },
  examples: ["check-copies --staged"],
  run: async ({ cwd, env, say }) => {
    const copies = checkStagedCopies({ cwd, git: { env: gitEnvironment(env) } });
    const bad = copies.filter(({ problems }) => problems.length > 0);
    const [first] = bad;
    return {
      data: { copies },
      human: [
        ...bad.map(({ path, problems }) => [toned("bad", "damage  "), `${path}: ${problems.join("; ")}`]),
        ...(bad.length === 0 ? [`${counted(copies.length, "staged copy", "staged copies")}, all whole`] : []),
      ],
      ...(first === undefined
        ? {}
        : {
            exit: exitCodes.data,
            error: {
              code: "LOG_CORRUPT",
              message: `${first.path} is not fit to be committed: ${first.problems.join("; ")}`,
              hint: `write it clean and stage it again: ${say("publish")}`,
              details: { copies: bad.length },
            },
          }),
    };
  },
});
