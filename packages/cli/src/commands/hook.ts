/** The guard as a pre-commit hook: put in place, or taken away. */
import { StoreFault } from "@mission-ledger/core";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import {
  checkNobodyElseGets,
  type HookPlace,
  hookPlaceOf,
  hookStateOf,
  hookText,
  type Installed,
  installHook,
  type Uninstalled,
  uninstallHook,
} from "../guard/hook.ts";
import type { Line } from "../output/lines.ts";
import { usage } from "../output/problem.ts";
import { gitEnvironment } from "../place/place.ts";

const dryRunFlag = {
  dryRun: { kind: "boolean", description: "say what would be done; do nothing" },
} as const;

export const hookInstall: CommandSpec = command({
  name: "hook.install",
  summary: "Let git refuse commits with files that your work package does not own",
  description:
    "Writes a pre-commit hook that runs guard --staged, where git says that hooks lie: all worktrees share it. A hook that is there already is kept and runs first. Git skips all hooks for commit --no-verify, and runs none of this kind for a merge without conflicts, a rebase or a cherry-pick: what counts is guard --base in CI.",
  flags: dryRunFlag,
  examples: ["hook install", "hook install --dry-run"],
  run: async (context, { dryRun }) => {
    const place = placeOf(context);
    checkNobodyElseGets(place, context.cwd, { env: gitEnvironment(context.env) });
    const text = hookText({
      program: context.program,
      command: guardWords(context),
      place: await placeWords(context),
    });
    const state = hookStateOf(place, text);
    const done: Installed | null = dryRun
      ? null
      : onDisk(place, () => installHook(place, text, context.randomness));
    return {
      data: { hook: place.hook, chained: place.chained, state, done, text },
      human: dryRun ? plannedLines(place, state, text) : installedLines(context, place, done),
    };
  },
});

export const hookUninstall: CommandSpec = command({
  name: "hook.uninstall",
  summary: "Take the guard's pre-commit hook away",
  description: "The hook that was there before takes its place again. One that is not ours stays.",
  flags: dryRunFlag,
  examples: ["hook uninstall"],
  run: async (context, { dryRun }) => {
    const place = placeOf(context);
    const state = hookStateOf(place, "");
    const done: Uninstalled | null = dryRun ? null : onDisk(place, () => uninstallHook(place));
    return {
      data: { hook: place.hook, chained: place.chained, state, done },
      human: dryRun
        ? [`${place.hook}: ${stateWords[state]}`]
        : [`${place.hook}: ${doneWords[done ?? "missing"]}`],
    };
  },
});

const placeOf = ({ cwd, env }: CommandContext): HookPlace => hookPlaceOf(cwd, { env: gitEnvironment(env) });

/** A host program calls it by a name of its own. */
const guardWords = (context: CommandContext): readonly string[] => {
  const words = context.say("guard").split(" ");
  const flags = words.findIndex((word) => word.startsWith("-"));
  return flags < 0 ? words : words.slice(0, flags);
};

/** What was named for this run has to be named for the hook; what git or the environment says, the hook hears as well. */
const placeWords = async (context: CommandContext): Promise<readonly string[]> => {
  const { decidedBy, path } = await context.place();
  if (decidedBy !== "--ledger" && decidedBy !== "--store") return [];
  if (path === null)
    throw usage(
      "a hook does not keep the address of a server, which may hold a password",
      "Set MISSION_LEDGER_STORE where commits are made, and leave --store out.",
    );
  return ["--ledger", path];
};

const stateWords = {
  missing: "there is no hook",
  ours: "it is ours",
  outdated: "it is ours, and not as it would be written now",
  theirs: "it is not ours",
} as const;

const doneWords: Readonly<Record<Uninstalled, string>> = {
  removed: "removed",
  restored: "removed; the hook that was there before is in its place again",
  not_ours: "it is not ours, and stays",
  missing: "there was none",
};

const plannedLines = (
  { hook, chained }: HookPlace,
  state: keyof typeof stateWords,
  text: string,
): readonly Line[] => [
  `${hook}: ${stateWords[state]}${state === "theirs" ? `; it would be kept as ${chained} and run first` : ""}`,
  ...(state === "ours"
    ? []
    : [
        "would write:",
        ...text
          .trimEnd()
          .split("\n")
          .map((line): Line => `  ${line}`),
      ]),
];

const installedLines = (
  context: CommandContext,
  { hook, chained }: HookPlace,
  done: Installed | null,
): readonly Line[] => [
  done === "unchanged" ? `${hook} is in place already` : `${done} ${hook}`,
  `What was there before, if anything, runs first: ${chained}`,
  `Past it for once: git commit --no-verify      take it away: ${context.say("hook.uninstall")}`,
];

/** What the disk says, as a fault with a code. */
const onDisk = <A>({ hook }: HookPlace, act: () => A): A => {
  try {
    return act();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw error;
    const isDenied = code === "EACCES" || code === "EPERM";
    throw new StoreFault(
      isDenied ? "PERMISSION_DENIED" : "STORAGE_ERROR",
      `the hook could not be changed: ${message}`,
      {
        outcome: "not_written",
        retryable: false,
        cause: error,
        hint: "Make its folder writable, then run it again.",
        details: { path: hook },
      },
    );
  }
};
