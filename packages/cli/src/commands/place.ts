/** Where the ledger lies: make one, or ask where it is and why there. */
import { type CommandContext, type CommandSpec, command, type Place } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { type Line, toned } from "../output/lines.ts";
import { usage } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { ledgerNotFound, nameOfPlace } from "../place/place.ts";
import { storeTitles } from "../store/addressed-store.ts";
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
    "Makes the ledger's folder, or its database, and changes nothing else; on a server it only asks whether one answers. With --git also what git needs to carry and merge copies of the logs. Running it again changes nothing.",
  flags: { ...gitFlags, dryRun: { kind: "boolean", description: "say what would be done; do nothing" } },
  examples: [
    "init",
    "init --ledger ./plan",
    "init --store sqlite:plan.db",
    "init --store 'esdb://127.0.0.1:2113?tls=false'",
    "init --git --hook",
  ],
  common: true,
  writes: true,
  run: async (context, input) => {
    const { dryRun, git, hook, undo } = input;
    if ((hook || undo) && !git) throw usage("--hook and --undo belong to --git");
    if (git) return initGit(context, { dryRun, hook, undo });
    if (dryRun) {
      const place = await context.place();
      const { store, path, address, directory, exists, decidedBy, why } = place;
      const wouldCreate = exists === false;
      return {
        data: { store, path, address, directory, created: false, wouldCreate, decidedBy, missions: null },
        human: [
          exists === null
            ? `${address}: nothing has to be made on a server, and it was not asked`
            : `${wouldCreate ? "would create " : ""}${nameOfPlace(place)}${wouldCreate ? "" : " is a ledger already"}`,
          toned("dim", why),
        ],
      };
    }
    const { ledger, created } = await context.createLedger();
    const place = await context.place();
    const { store, path, address, directory, exists, decidedBy, why } = place;
    const name = nameOfPlace(place);
    // On a server this is the first question, and shows whether it answers.
    const missions = created ? [] : await ledger.missions();
    const many = counted(missions.length, "mission");
    return {
      data: {
        ...{ store, path, address, directory, created, wouldCreate: created, decidedBy },
        missions: missions.length,
      },
      human: created
        ? [`created ${name} (${titleOf(store)}). Nothing else was changed.`, toned("dim", why)]
        : [
            exists === null
              ? `${name} answers, with ${many}. Nothing has to be made there; nothing was changed.`
              : `${name} is a ledger already, with ${many}. Nothing was changed.`,
          ],
    };
  },
});

const titleOf = (store: Place["store"]): string =>
  store === "host" ? "the host's store" : storeTitles[store];

const shortTitles: Readonly<Record<Place["store"], string>> = {
  file: "",
  sqlite: "   (SQLite)",
  eventstoredb: "   (EventStoreDB)",
  host: "",
};

/** What to do about a ledger that is not there, as a command would say that needs it. */
const aboutMissing = (place: Place, context: CommandContext): readonly Line[] => {
  const { message, hint = "", details } = ledgerNotFound(place, context);
  return details.link === undefined ? [`make it: ${context.say("init")}`] : [message, hint];
};

export const where: CommandSpec = command({
  name: "where",
  summary: "Say which ledger is used, and why that one",
  examples: ["where", "where --json"],
  run: async (context) => {
    const place = await context.place();
    const { store, path, address, directory, exists, decidedBy, why } = place;
    const { elsewhere = null, publishTo = null } = place;
    const cache = context.remembersIn() ?? null;
    return {
      data: { store, path, address, directory, exists, decidedBy, why, elsewhere, publishTo, cache },
      human: [
        [
          toned("strong", nameOfPlace(place) ?? "a ledger brought by the host program"),
          shortTitles[store],
          exists === false ? "   (not there yet)" : "",
        ],
        `${decidedBy}: ${why}`,
        ...(elsewhere === null
          ? []
          : [`there is a ledger at ${elsewhere}: use it with --ledger ${shellQuote(elsewhere)}`]),
        ...(publishTo === null ? [] : [`git carries copies of its logs in ${publishTo}`]),
        ...(exists === null
          ? [`what it remembers on this machine: ${cache ?? "nothing"}`, `ask it: ${context.say("doctor")}`]
          : []),
        ...(exists === false ? aboutMissing(place, context) : []),
      ],
    };
  },
});
