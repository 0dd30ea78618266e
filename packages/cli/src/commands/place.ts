/** Where the ledger lies: make one, or ask where it is and why there. */
import { type CommandSpec, command, type Place } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { toned } from "../output/lines.ts";
import { usage } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { storeKinds } from "../store/kinds.ts";
import { initGit } from "./init-git.ts";

const gitFlags = {
  git: {
    kind: "boolean",
    description: "let git carry a copy of each log: attributes, merge driver, folder in the work tree",
  },
  hook: { kind: "boolean", description: "with --git: also a pre-commit hook that lets no torn copy pass" },
  undo: {
    kind: "boolean",
    description: "with --git: take the driver, the hook and the attributes away again",
  },
} as const;

export const init: CommandSpec = command({
  name: "init",
  summary: "Make a ledger here",
  description:
    "Makes the ledger's folder, or its database, and changes nothing else; with --git also what git needs to carry and merge copies of the logs. Running it again changes nothing.",
  flags: { ...gitFlags, dryRun: { kind: "boolean", description: "say what would be done; do nothing" } },
  examples: ["init", "init --ledger ./plan", "init --store sqlite:plan.db", "init --git --hook"],
  common: true,
  writes: true,
  run: async (context, input) => {
    const { dryRun, git, hook, undo } = input;
    if ((hook || undo) && !git) throw usage("--hook and --undo belong to --git");
    if (git) return initGit(context, { dryRun, hook, undo });
    if (dryRun) {
      const { store, path, directory, exists, decidedBy, why } = await context.place();
      return {
        data: { store, path, directory, created: false, wouldCreate: !exists, decidedBy, missions: null },
        human: [exists ? `${path} is a ledger already` : `would create ${path}`, toned("dim", why)],
      };
    }
    const { ledger, created } = await context.createLedger();
    const { store, path, directory, decidedBy, why } = await context.place();
    const missions = created ? [] : await ledger.missions();
    return {
      data: { store, path, directory, created, wouldCreate: created, decidedBy, missions: missions.length },
      human: created
        ? [`created ${path} (${titleOf(store)}). Nothing else was changed.`, toned("dim", why)]
        : [`${path} is a ledger already, with ${counted(missions.length, "mission")}. Nothing was changed.`],
    };
  },
});

const titleOf = (store: Place["store"]): string =>
  store === "host" ? "the host's store" : storeKinds[store].title;

export const where: CommandSpec = command({
  name: "where",
  summary: "Say which ledger is used, and why that one",
  examples: ["where", "where --json"],
  run: async (context) => {
    const { store, path, directory, exists, decidedBy, why, ...more } = await context.place();
    const { elsewhere = null, publishTo = null } = more;
    return {
      data: { store, path, directory, exists, decidedBy, why, elsewhere, publishTo },
      human: [
        [
          toned("strong", path ?? "a ledger brought by the host program"),
          store === "sqlite" ? "   (SQLite)" : "",
          exists ? "" : "   (not there yet)",
        ],
        `${decidedBy}: ${why}`,
        ...(elsewhere === null
          ? []
          : [`there is a ledger at ${elsewhere}: use it with --ledger ${shellQuote(elsewhere)}`]),
        ...(publishTo === null ? [] : [`git carries copies of its logs in ${publishTo}`]),
        ...(exists ? [] : [`make it: ${context.say("init")}`]),
      ],
    };
  },
});
