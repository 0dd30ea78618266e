/** What a mission is set to once it is there: its target branch, its title, when a dependency counts as met. */
import { isBranchName } from "@mission-ledger/git";
import { openMission } from "../command/refs.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { commandIdFor, receiptData, receiptLines, write, writeFlags } from "../command/write.ts";
import { usage } from "../output/problem.ts";

export const targetFlag = {
  target: {
    kind: "text",
    description: "local branch that the mission is merged into, such as main",
    placeholder: "branch",
  },
} as const;

/** Throws `USAGE` for what no branch of git can be called, and for full refs, which are no names of branches. */
export const branchNamed = (name: string, field: string): string => {
  if (isBranchName(name) && !name.startsWith("refs/")) return name;
  throw usage(
    `${field}: ${JSON.stringify(name)} is no name of a local branch`,
    "Give it as git branch lists it, such as main; not origin/main, not refs/heads/main.",
  );
};

export const missionSet: CommandSpec = command({
  name: "mission.set",
  summary: "Change the settings of a mission: target branch, title, when dependencies count as met",
  arguments: { mission: { kind: "text", required: true, description: "which mission" } },
  flags: {
    ...targetFlag,
    clearTarget: { kind: "boolean", description: "the mission has no target branch any more" },
    title: { kind: "text", description: "what it is about" },
    dependencyMetAt: {
      kind: "text",
      choices: ["approved", "done"],
      description: "lane at which a dependency counts as met",
    },
    ...writeFlags,
  },
  examples: ["mission set passkeys --target main", 'mission set passkeys --title "Log in without passwords"'],
  writes: true,
  run: async (context, input, signal) => {
    const { mission: slug, target, clearTarget, title, dependencyMetAt } = input;
    const ledger = await context.ledger();
    await openMission(ledger, slug, signal);
    if (target !== undefined && clearTarget) throw usage("--target and --clear-target contradict each other");
    if (target === undefined && !clearTarget && title === undefined && dependencyMetAt === undefined)
      throw usage("there is nothing to set: give --target, --clear-target, --title or --dependency-met-at");
    const commandId = commandIdFor(context, input);
    const branch = target === undefined ? undefined : branchNamed(target, "--target");
    const request = {
      type: "ChangeMissionSettings",
      ...(branch === undefined ? {} : { targetBranch: branch }),
      ...(clearTarget ? { targetBranch: null } : {}),
      ...(title === undefined ? {} : { title }),
      ...(dependencyMetAt === undefined ? {} : { dependencyMetAt }),
    } as const;
    const written = await write(context, { ledger, slug, request, input, commandId, signal });
    const { targetBranch = null } = written.state;
    return {
      data: {
        mission: slug,
        title: written.state.title,
        dependencyMetAt: written.state.dependencyMetAt,
        targetBranch,
        ...receiptData(written),
      },
      human: receiptLines(written, saidSet(slug, written.state), `${slug} is set like that already`),
    };
  },
});

const saidSet = (
  slug: string,
  {
    title,
    dependencyMetAt,
    targetBranch = "none",
  }: { readonly title: string; readonly dependencyMetAt: string; readonly targetBranch?: string },
): string => `set ${slug}   target ${targetBranch}   dependencies met at ${dependencyMetAt}   "${title}"`;
