/** The plan: add work packages, list them, look at one. */
import {
  type Ledger,
  lanes,
  Refused,
  shownWorkPackage,
  type WorkPackage,
  type Workplace,
} from "@mission-ledger/core/mission";
import { logWarnings } from "../command/log-warnings.ts";
import { atFlag } from "../command/moment.ts";
import { listFlags, page } from "../command/paging.ts";
import { pastOf, pastOfList } from "../command/past.ts";
import { readMissions } from "../command/read-missions.ts";
import { formatRef, openMission, openWorkPackage, resolveRef, selectMissions } from "../command/refs.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import {
  clockTime,
  commandIdFor,
  receiptData,
  receiptLines,
  type Written,
  write,
  writeFlags,
} from "../command/write.ts";
import { columns, type Line, toned } from "../output/lines.ts";
import { allowedFrom } from "../run/hints.ts";

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

export const wpShow: CommandSpec = command({
  name: "wp.show",
  summary: "Show one work package and what it may do next",
  arguments: { ref: { kind: "ref", required: true, description: "which work package" } },
  flags: atFlag,
  examples: ["wp show passkeys/WP01", 'wp show passkeys/WP01 --at "2h ago"'],
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const found = await resolveRef(ledger, input.ref);
    const past =
      input.at === undefined ? undefined : await pastOf(context, ledger, found.slug, input.at, { signal });
    const mission = await openMission(ledger, found.slug, signal, past?.at.revision);
    const one = openWorkPackage(mission, found.workPackageId);
    const ref = formatRef(found);
    const shown = shownWorkPackage(mission, one);
    const { waitsFor } = shown;
    return {
      data: {
        ref,
        ...shown,
        ...(past === undefined ? {} : { at: past.data }),
      },
      warnings: [...(past?.warnings ?? []), ...(await logWarnings(context, [found.slug]))],
      human: (): readonly Line[] => {
        const now = past?.now ?? context.clock.now();
        const optional = (name: string, text: string | null | undefined): readonly Line[] =>
          text === null || text === undefined || text === "" ? [] : [[toned("dim", name.padEnd(16)), text]];
        return [
          ...(past === undefined ? [] : [past.line]),
          [toned("strong", ref), "  ", one.title],
          ...optional("lane", `${one.lane}${one.blockedFrom === null ? "" : ` (was ${one.blockedFrom})`}`),
          ...optional(
            "held by",
            one.claim &&
              `${one.claim.holder} to ${one.claim.kind}, fence ${one.claim.fence}, until ${clockTime(one.claim.expiresAt, now)}`,
          ),
          ...optional("works in", one.claim?.workplace && workplaceText(one.claim.workplace)),
          ...optional("after", one.dependsOn.join(", ")),
          ...optional("waits for", waitsFor.join(", ")),
          ...optional("owns", one.owns.join(", ")),
          ...optional("in lane of", one.executionLane),
          ...optional(
            "subtasks",
            one.subtasks.map(({ id, done, title }) => `[${done ? "x" : " "}] ${id} ${title}`).join("; "),
          ),
          ...optional(
            "evidence",
            one.evidence.map(({ kind, ref: reference }) => `${kind}=${reference}`).join(", "),
          ),
          ...optional("implemented by", one.implementers.join(", ")),
          ...optional("review cycle", one.reviewCycle === 0 ? "" : String(one.reviewCycle)),
          ...optional("verdict", one.verdict && `${one.verdict.verdict} by ${one.verdict.reviewer}`),
          ...optional("forced", one.forceCount === 0 ? "" : `${one.forceCount} times`),
          ...optional("may become", allowedFrom(one.lane)),
        ];
      },
    };
  },
});

/** What its hashes stand for is nobody's business; the names of folders are for people. */
const workplaceText = ({ worktree, branch, head, program }: Workplace): string =>
  [
    worktree?.name,
    branch === null ? "no branch" : branch === undefined ? undefined : `branch ${branch}`,
    head === undefined ? undefined : `at ${head.slice(0, 7)}`,
    program === undefined ? undefined : `process ${program.pid}`,
  ]
    .filter((part) => part !== undefined)
    .join(", ");
