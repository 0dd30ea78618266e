/** Where the ledger lies: make one, or ask where it is and why there. */
import { type CommandSpec, command } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { toned } from "../output/lines.ts";
import { shellQuote } from "../output/shell-quote.ts";

export const init: CommandSpec = command({
  name: "init",
  summary: "Make a ledger here",
  description: "Makes the ledger's folder and changes nothing else. Running it again changes nothing.",
  flags: { dryRun: { kind: "boolean", description: "say where it would be; make nothing" } },
  examples: ["init", "init --ledger ./plan"],
  common: true,
  writes: true,
  run: async (context, { dryRun }) => {
    if (dryRun) {
      const { directory, exists, decidedBy, why } = await context.place();
      return {
        data: { directory, created: false, wouldCreate: !exists, decidedBy, missions: null },
        human: [exists ? `${directory} is a ledger already` : `would create ${directory}`, toned("dim", why)],
      };
    }
    const { ledger, created } = await context.createLedger();
    const { directory, decidedBy, why } = await context.place();
    const missions = created ? [] : await ledger.missions();
    return {
      data: { directory, created, wouldCreate: created, decidedBy, missions: missions.length },
      human: created
        ? [`created ${directory} (file store). Nothing else was changed.`, toned("dim", why)]
        : [
            `${directory} is a ledger already, with ${counted(missions.length, "mission")}. Nothing was changed.`,
          ],
    };
  },
});

export const where: CommandSpec = command({
  name: "where",
  summary: "Say which ledger is used, and why that one",
  examples: ["where", "where --json"],
  run: async (context) => {
    const { directory, exists, decidedBy, why, elsewhere = null } = await context.place();
    return {
      data: { directory, exists, decidedBy, why, elsewhere },
      human: [
        [
          toned("strong", directory ?? "a ledger brought by the host program"),
          exists ? "" : "   (not there yet)",
        ],
        `${decidedBy}: ${why}`,
        ...(elsewhere === null
          ? []
          : [`there is a ledger at ${elsewhere}: use it with --ledger ${shellQuote(elsewhere)}`]),
        ...(exists ? [] : [`make it: ${context.say("init")}`]),
      ],
    };
  },
});
