/** The plan: add work packages, list them. */
import { type Ledger, lanes, Refused, type WorkPackage } from "@mission-ledger/core/mission";
import { atFlag } from "../command/moment.ts";
import { listFlags, page } from "../command/paging.ts";
import { pastOfList } from "../command/past.ts";
import { readMissions } from "../command/read-missions.ts";
import { formatRef, openMission, selectMissions } from "../command/refs.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import {
  commandIdFor,
  receiptData,
  receiptLines,
  type Written,
  write,
  writeFlags,
} from "../command/write.ts";
import { columns, type Line, toned } from "../output/lines.ts";

export const wpAdd: CommandSpec = command({
  name: "wp.add",
  summary: "Add a work package to a mission",
  arguments: {
    mission: { kind: "text", required: true, description: "which mission" },
    title: { kind: "text", required: true, description: "what is to be done" },
  },
  flags: {
    id: {
      kind: "text",
      description: "id within the mission; otherwise the next free WP number",
      placeholder: "WP01",
    },
    owns: {
      kind: "text",
      repeatable: true,
      description: "glob of files that belong to it",
      placeholder: "glob",
    },
    after: {
      kind: "text",
      repeatable: true,
      description: "id of a package that has to come first",
      placeholder: "WP01",
      aliases: ["dependsOn"],
    },
    subtask: {
      kind: "subtask",
      repeatable: true,
      description: "a step that has to be marked done",
      placeholder: "T1 title",
    },
    executionLane: {
      kind: "text",
      description: "shared worktree and branch it is done in",
      placeholder: "lane-a",
    },
    ...writeFlags,
  },
  examples: [
    "wp add passkeys \"Login form\" --id WP01 --owns 'src/login/**'",
    'wp add passkeys "Verify token" --after WP01 --subtask "T1 Parse the token"',
  ],
  common: true,
  writes: true,
  run: async (context, input, signal) => {
    const { mission: slug, title, owns, after, subtask, executionLane } = input;
    const ledger = await context.ledger();
    const commandId = commandIdFor(context, input);
    const add = (workPackageId: string): Promise<Written> =>
      write(context, {
        ledger,
        slug,
        input,
        commandId,
        signal,
        request: {
          type: "AddWorkPackages",
          workPackages: [
            {
              workPackageId,
              title,
              dependsOn: after,
              owns,
              subtasks: subtask,
              executionLane: executionLane ?? null,
            },
          ],
        },
      });
    const { id, written } =
      input.id === undefined
        ? await addNumbered(ledger, slug, commandId, add)
        : { id: input.id, written: await add(input.id) };
    const ref = `${slug}/${id}`;
    return { data: { ref, title, ...receiptData(written) }, human: receiptLines(written, `added ${ref}`) };
  },
});

/** Takes the next free number, and the one after it when somebody else was quicker. A retry finds the id it took the first time. */
const addNumbered = async (
  ledger: Ledger,
  slug: string,
  commandId: string,
  add: (id: string) => Promise<Written>,
): Promise<{ readonly id: string; readonly written: Written }> => {
  const earlier = (await ledger.store.findCommand(ledger.mission(slug).stream, commandId))?.events[0]?.data
    .workPackageId;
  if (typeof earlier === "string") return { id: earlier, written: await add(earlier) };
  for (;;) {
    const mission = await openMission(ledger, slug);
    const numbers = Object.keys(mission.workPackages).map((known) =>
      Number(/^WP(\d+)$/.exec(known)?.[1] ?? 0),
    );
    const id = `WP${String(Math.max(0, ...numbers) + 1).padStart(2, "0")}`;
    try {
      return { id, written: await add(id) };
    } catch (error) {
      if (!(error instanceof Refused) || error.refusal._tag !== "WorkPackageExists") throw error;
    }
  }
};

export const wpList: CommandSpec = command({
  name: "wp.list",
  summary: "List work packages",
  arguments: { mission: { kind: "text", description: "only of this mission" } },
  flags: {
    lane: { kind: "lane", repeatable: true, description: "only in this lane" },
    holder: { kind: "text", description: "only held by this actor", placeholder: "actor" },
    ...atFlag,
    ...listFlags,
  },
  examples: ["wp list passkeys", "wp list --lane blocked --plain"],
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const all: (WorkPackage & { readonly ref: string })[] = [];
    const past = await pastOfList(context, input, signal);
    const slugs = await selectMissions(ledger, input.mission);
    const named = input.mission !== undefined;
    const at = past?.moment;
    const { missions, warnings } = await readMissions(context, ledger, slugs, { named, signal, at });
    for (const { slug, workPackages } of missions)
      for (const one of Object.values(workPackages))
        if (
          lanes[one.lane].shown &&
          (input.lane.length === 0 || input.lane.includes(one.lane)) &&
          (input.holder === undefined || one.claim?.holder === input.holder)
        )
          all.push({ ...one, ref: formatRef({ slug, workPackageId: one.id }) });
    const { items, nextCursor, hidden } = page(all, input);
    return {
      data: { workPackages: items.map(listed), nextCursor, ...past?.data },
      warnings: [...(past?.warnings ?? []), ...warnings],
      empty: items.length === 0,
      human: (surface): readonly Line[] => [
        ...(surface.plain ? [] : (past?.lines ?? [])),
        ...columns(
          items.map(({ ref, lane, claim, title }) => [
            toned("strong", ref),
            lane,
            claim?.holder ?? "-",
            title,
          ]),
          surface,
        ),
        ...hidden,
      ],
    };
  },
});

const listed = ({
  ref,
  title,
  lane,
  claim,
  dependsOn,
  forceCount,
}: WorkPackage & { readonly ref: string }) => ({
  ref,
  title,
  lane,
  holder: claim?.holder ?? null,
  expiresAt: claim?.expiresAt ?? null,
  dependsOn,
  forceCount,
});
