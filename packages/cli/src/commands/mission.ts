/** Missions: create, list, show. */
import { type CancelSignal, eventNamespace, nameBasedUuid, StoreFault } from "@mission-ledger/core";
import { type Ledger, missionStream, type ShippedTo, shownMission } from "@mission-ledger/core/mission";
import { damageStep } from "../command/damage-step.ts";
import { emptiedProblem, leftoverMissions } from "../command/leftovers.ts";
import { logWarnings } from "../command/log-warnings.ts";
import { atFlag } from "../command/moment.ts";
import { listFlags, page } from "../command/paging.ts";
import { pastOf, pastOfList } from "../command/past.ts";
import { readMissions } from "../command/read-missions.ts";
import { openMission, resolveMission } from "../command/refs.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { commandIdFor, receiptData, receiptLines, write, writeFlags } from "../command/write.ts";
import { columns, type Line, toned } from "../output/lines.ts";
import { branchNamed, targetFlag } from "./mission-settings.ts";
import { checkRemembered } from "./remembered.ts";

export const missionCreate: CommandSpec = command({
  name: "mission.create",
  summary: "Create a mission",
  arguments: {
    slug: { kind: "text", required: true, description: "name of the mission: a-z, 0-9 and dashes" },
    title: { kind: "text", required: true, description: "what it is about" },
  },
  flags: {
    dependencyMetAt: {
      kind: "text",
      choices: ["approved", "done"],
      default: "approved",
      description: "lane at which a dependency counts as met",
    },
    ...targetFlag,
    ...writeFlags,
  },
  examples: [
    'mission create passkeys "Log in with passkeys"',
    'mission create passkeys "Log in with passkeys" --target main',
  ],
  common: true,
  writes: true,
  run: async (context, input, signal) => {
    const { slug, title, dependencyMetAt } = input;
    const target = input.target === undefined ? {} : { targetBranch: branchNamed(input.target, "--target") };
    const ledger = await context.ledger();
    await refuseEmptied(context, slug);
    await refuseForgotten(context, ledger, slug, signal);
    const commandId = commandIdFor(context, input);
    // Derived, so that a retry under the same request id asks for the very same mission.
    const missionId = nameBasedUuid(eventNamespace, `${commandId}/mission`);
    const request = { type: "CreateMission", slug, title, missionId, dependencyMetAt, ...target } as const;
    const written = await write(context, { ledger, slug, request, input, commandId, signal });
    return {
      data: {
        mission: slug,
        missionId: written.state.missionId,
        title: written.state.title,
        targetBranch: written.state.targetBranch ?? null,
        ...receiptData(written),
      },
      human: receiptLines(written, `created ${slug}`),
    };
  },
});

/** A log that lost its content looks like one that was never begun; another mission in its place would hide that for ever. */
const refuseEmptied = async (context: CommandContext, slug: string): Promise<void> => {
  const { directory } = await context.place();
  const emptied = directory === null ? [] : leftoverMissions(directory, slug).emptiedLogs;
  const file = emptied.find((one) => one.slug === slug);
  if (file === undefined) return;
  throw new StoreFault("LOG_REPLACED", emptiedProblem(file).message, {
    outcome: "not_written",
    retryable: false,
    hint: `${damageStep(context, { code: "LOG_REPLACED", mission: slug }).hint}\nTo begin anew, move the log and the ledger's cache folder away first.`,
    details: { stream: missionStream(slug), path: file.path },
  });
};

/** The same of a store without log files: what is remembered of a mission that it does not hold. */
const refuseForgotten = async (
  context: CommandContext,
  ledger: Ledger,
  slug: string,
  signal: CancelSignal | undefined,
): Promise<void> => {
  const cache = context.remembersIn();
  if (cache === undefined) return;
  const place = await context.place();
  const stream = missionStream(slug);
  if ((await ledger.store.head(stream)).revision >= 0) return;
  const [problem] = await checkRemembered(ledger, stream, signal);
  if (problem === undefined) return;
  throw new StoreFault("LOG_REPLACED", problem.message, {
    outcome: "not_written",
    retryable: false,
    hint: `Put back the ${place.store === "sqlite" ? "database" : "server"} that held it. To begin anew, delete ${cache} first, which remembers it.`,
    details: { stream, path: place.path, address: place.address },
  });
};

export const missionList: CommandSpec = command({
  name: "mission.list",
  summary: "List missions with their progress",
  flags: { ...atFlag, ...listFlags },
  examples: ["mission list", "mission list --plain"],
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const past = await pastOfList(context, { mission: undefined, at: input.at }, signal);
    const { items: slugs, nextCursor, hidden } = page(await ledger.missions(), input);
    const { missions, warnings } = await readMissions(context, ledger, slugs, {
      named: false,
      signal,
      at: past?.moment,
    });
    return {
      data: { missions: missions.map(shownMission), nextCursor, ...past?.data },
      warnings,
      empty: missions.length === 0,
      human: (surface): readonly Line[] => [
        ...(surface.plain ? [] : (past?.lines ?? [])),
        ...columns(
          missions.map((mission) => {
            const { done, workPackages } = shownMission(mission);
            const marks = [
              ...(mission.shipped === undefined ? [] : ["shipped"]),
              ...(mission.archived === undefined ? [] : ["archived"]),
            ];
            const note = marks.length === 0 ? "" : `   (${marks.join(", ")})`;
            return [toned("strong", mission.slug), `${done}/${workPackages} done`, `${mission.title}${note}`];
          }),
          surface,
        ),
        ...hidden,
      ],
    };
  },
});

export const missionShow: CommandSpec = command({
  name: "mission.show",
  summary: "Show one mission",
  arguments: { slug: { kind: "text", description: "which mission; may be left out when there is only one" } },
  flags: atFlag,
  examples: ["mission show passkeys", "mission show passkeys --at 12"],
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const slug = await resolveMission(ledger, input.slug);
    const past =
      input.at === undefined ? undefined : await pastOf(context, ledger, slug, input.at, { signal });
    const mission = await openMission(ledger, slug, signal, past?.at.revision);
    const summary = shownMission(mission);
    const workPackages = Object.values(mission.workPackages);
    return {
      data: {
        ...summary,
        packages: workPackages.map(({ id, title, lane, claim }) => ({
          id,
          title,
          lane,
          holder: claim?.holder ?? null,
        })),
        ...(past === undefined ? {} : { at: past.data }),
      },
      warnings: [...(past?.warnings ?? []), ...(await logWarnings(context, [mission.slug]))],
      human: (surface): readonly Line[] => [
        ...(past === undefined || surface.plain ? [] : [past.line]),
        [toned("strong", mission.slug), "  ", mission.title],
        `id ${mission.missionId}   dependencies met at ${mission.dependencyMetAt}${mission.importedFrom === null ? "" : `   imported from ${mission.importedFrom}`}${mission.importing ? "   IMPORT NOT FINISHED" : ""}${mission.archived === undefined ? "" : `   archived in ${mission.archived.file}`}${mission.targetBranch === undefined ? "" : `   target ${mission.targetBranch}`}`,
        `${summary.done} of ${summary.workPackages} done`,
        ...(mission.shipped === undefined ? [] : [shippedText(mission.shipped)]),
        ...columns(
          workPackages.map(({ id, title, lane, claim }) => [
            toned("strong", id),
            lane,
            claim?.holder ?? "-",
            title,
          ]),
          surface,
        ),
      ],
    };
  },
});

const shippedText = ({ targetBranch, commit, changed }: ShippedTo): string =>
  `shipped to ${targetBranch} at ${commit.slice(0, 12)}${changed === true ? "; packages were added or moved since" : ""}`;
