/** `init --git`: what git needs to carry copies of the logs and to merge them, done, shown or taken back. */
import { applyGitSetup, planGitSetup, type SetupStep, undoGitSetup } from "@mission-ledger/store-file";
import type { CommandResult } from "../command/result.ts";
import type { CommandContext } from "../command/spec.ts";
import { type Line, toned } from "../output/lines.ts";
import { usage } from "../output/problem.ts";
import { gitEnvironment } from "../place/place.ts";

export interface InitGitInput {
  readonly dryRun: boolean;
  readonly hook: boolean;
  readonly undo: boolean;
}

export const initGit = async (
  context: CommandContext,
  { dryRun, hook, undo }: InitGitInput,
): Promise<CommandResult> => {
  const { cwd, program } = context;
  const git = { env: gitEnvironment(context.env) };
  const { decidedBy } = await context.place();
  if (decidedBy !== "git")
    throw usage(
      `--git is for the ledger that git's own folder holds; here ${decidedBy} decides which one is used`,
    );
  if (undo) return undone(undoGitSetup({ cwd, git }));
  const options = { cwd, git, hook, ...(program === undefined ? {} : { program }) };
  const planned = planGitSetup(options);
  if (!dryRun) {
    applyGitSetup(planned, { git });
    await context.createLedger();
  }
  const { directory } = await context.place();
  return {
    data: { directory, folder: planned.folder, applied: !dryRun, steps: planned.steps },
    human: [
      ...planned.steps.flatMap((step) => stepLines(step, dryRun)),
      ...(dryRun
        ? []
        : [
            `The log itself stays in ${directory}, out of git's reach; commit ${planned.folder} with your work.`,
            `What there is already: ${context.say("publish")}      Take all of this back: ${context.say("init", "--git --undo")}`,
          ]),
    ],
  };
};

const nouns = { file: "file", config: "git config", hook: "hook" } as const;

const stepLines = ({ kind, target, value, state }: SetupStep, dryRun: boolean): readonly Line[] => {
  const what = `${nouns[kind]} ${target}`;
  const shown = value.trimEnd().split("\n");
  switch (state) {
    case "done":
      return [[toned("good", "ok      "), what]];
    case "theirs":
      return [
        [toned("warn", "yours   "), `${what} is not ours and stays as it is; add to it:`],
        ...shown.map((line): Line => `          ${line}`),
      ];
    case "missing":
    case "outdated":
      return [
        [toned("good", dryRun ? "would   " : "made    "), what],
        ...shown.map((line): Line => toned("dim", `          ${line}`)),
      ];
  }
};

const undone = (steps: readonly SetupStep[]): CommandResult => ({
  data: { undone: steps },
  human:
    steps.length === 0
      ? ["nothing of it was there"]
      : [
          ...steps.map(({ kind, target }): Line => [toned("good", "removed "), `${nouns[kind]} ${target}`]),
          "The ledger and the copies in the work tree stay; remove those with git rm where nobody needs them.",
        ],
});
