/** Unlock: who keeps writers out of a mission, and freeing a lock of plain files whose holder nobody here can judge. */
import { type Ledger, missionStream } from "@mission-ledger/core/mission";
import { freeLock, inspectLock, type LockReport, switchLocks } from "@mission-ledger/store-file";
import { resolveMission } from "../command/refs.ts";
import type { CommandResult } from "../command/result.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { type Line, toned } from "../output/lines.ts";
import { CliError } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { logFolderOf } from "../place/log-folder.ts";

/** A lock, and what was done about it. */
interface Looked extends LockReport {
  readonly freed: boolean;
}

export const unlock: CommandSpec = command({
  name: "unlock",
  summary: "Show who holds a mission's lock; free one that nobody can judge",
  description:
    "A kernel lock ends with its process and is never freed by hand. A lock of plain files is kept when its holder cannot be judged from here, such as a process of another container: look whom it names, then free it with --force.",
  arguments: { mission: { kind: "text", description: "whose lock" } },
  flags: {
    force: { kind: "boolean", description: "free it although its holder may be alive" },
    dryRun: { kind: "boolean", description: "only say what would be done" },
    switch: {
      kind: "text",
      choices: ["kernel", "generation"],
      description: "change the kind of lock of the whole ledger",
    },
  },
  examples: ["unlock passkeys", "unlock passkeys --force", "unlock --switch generation"],
  writes: true,
  run: async (context, input) => {
    const directory = await logFolderOf(context, {
      sqlite: "its lock is the kernel's and ends with the process that has it; there is nothing to unlock",
      server: "nobody locks anything there; there is nothing to unlock",
      host: "there is no lock to look at",
    });
    const ledger = await context.ledger();
    if (input.switch !== undefined) return switched(context, directory, input.switch, input);
    const slug = await resolveMission(ledger, input.mission);
    const { files } = context;
    await mustExist(ledger, slug, context, directory);
    const locks: Looked[] = [missionStream(slug), undefined].map((stream) => {
      const options = { directory, files, ...(stream === undefined ? {} : { stream }) };
      const report = inspectLock(options);
      const mayFree =
        input.force && !input.dryRun && report.state === "unjudged" && report.generation !== null;
      if (!mayFree) return { ...report, freed: false };
      const freed = freeLock({ ...options, generation: report.generation, clock: context.clock });
      return { ...report, freed };
    });
    const stuck = locks.find(({ state, freed }) => state === "unjudged" && !freed);
    return {
      data: { mission: slug, locks, dryRun: input.dryRun },
      human: locks.flatMap((lock) => linesOf(lock, slug)),
      ...(stuck === undefined
        ? {}
        : {
            exit: exitCodes.inputRequired,
            error: {
              code: "INPUT_REQUIRED",
              message: `whether ${whoOf(stuck)} still writes cannot be told from here`,
              hint: `Make sure that it is gone, then: ${context.say("unlock", `${shellQuote(slug)} --force`)}`,
              details: { path: stuck.path, holder: stuck.holder },
            },
          }),
    };
  },
});

/** A mission without any event may be locked too: by whoever is about to write the first one. */
const mustExist = async (
  ledger: Ledger,
  slug: string,
  { files }: CommandContext,
  directory: string,
): Promise<void> => {
  const slugs = await ledger.missions();
  const { path } = inspectLock({ directory, stream: missionStream(slug), files });
  if (!slugs.includes(slug) && files.lstat(path) === undefined)
    throw new CliError("NOT_FOUND", `there is no mission ${slug}`, { details: { mission: slug } });
};

const switched = (
  { files }: CommandContext,
  directory: string,
  to: "kernel" | "generation",
  { force, dryRun }: { readonly force: boolean; readonly dryRun: boolean },
): CommandResult => {
  const changed = dryRun
    ? inspectLock({ directory, files }).kind !== to
    : switchLocks({ directory, to, blindly: force, files });
  const what = to === "kernel" ? "the kernel's locks" : "locks of plain files";
  return {
    data: { lock: to, changed, dryRun },
    human: [
      changed
        ? `this ledger ${dryRun ? "would be" : "is"} kept with ${what} from now on`
        : `this ledger is kept with ${what} already`,
    ],
  };
};

const whoOf = ({ holder }: LockReport): string => (holder === null ? "its holder" : `process ${holder.pid}`);

const linesOf = (lock: Looked, slug: string): readonly Line[] => {
  const what = lock.stream === null ? "the ledger's order" : slug;
  const kind = lock.kind === "generation" ? "lock of plain files" : "kernel lock";
  return [
    [
      toned(lock.state === "unjudged" && !lock.freed ? "warn" : "strong", what),
      `: ${kind}, ${stateOf(lock)}`,
    ],
    ...detailsOf(lock),
  ];
};

const stateOf = ({ state, kind, freed, holder }: Looked): string => {
  const who = holder === null ? "a process that cannot be seen" : `process ${holder.pid}`;
  const since = holder?.since == null ? "" : ` since ${holder.since}`;
  switch (state) {
    case "free":
      return "free";
    case "held":
      if (holder !== null && !holder.proven) return `held; ${who} was the last one known to have it${since}`;
      return `held by ${who}${since}`;
    case "orphaned":
      return `left behind by ${who}, which is gone`;
    case "unjudged":
      if (kind === "kernel") return "which cannot be seen on this system";
      return freed ? `taken from ${who}, which had it${since}` : `held by ${who}${since}, if it lives`;
  }
};

const detailsOf = ({ state, kind, holder, freed }: Looked): readonly Line[] => {
  const origin =
    holder === null ? [] : [`  boot ${holder.boot}, pid namespace ${holder.namespace}, ${holder.state}`];
  switch (state) {
    case "free":
      return [];
    case "held":
      return [
        ...origin,
        kind === "kernel" ? "  nothing to unlock: it ends with its process" : "  end or continue it",
      ];
    case "orphaned":
      return [...origin, "  nothing to unlock: the next writer takes it"];
    case "unjudged":
      return freed ? [...origin, "  should it live after all, it is told of a conflict"] : origin;
  }
};
