/** Which events made a field what it is, with the value before and after each. */
import { formatPath, parsePath, type ValueChange, type ValuePath, valueAt } from "@mission-ledger/core";
import {
  type OpenMission,
  shownMission,
  shownWorkPackage,
  timelineEntry,
} from "@mission-ledger/core/mission";
import { logWarnings } from "../command/log-warnings.ts";
import { atFlag } from "../command/moment.ts";
import { pastOf } from "../command/past.ts";
import { openMission, openWorkPackage, resolveSubject, type Subject } from "../command/refs.ts";
import type { Row } from "../command/result.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { columns, type Line, type Span, toned } from "../output/lines.ts";
import { usage } from "../output/problem.ts";
import { nearest } from "../output/suggest.ts";
import { valueText } from "../output/value-text.ts";

export const explain: CommandSpec = command({
  name: "explain",
  summary: "Show which events made a field what it is",
  description:
    "A field is a key of what `wp show --json` (or `mission show --json`) prints, with dots further in: lane, claim.holder, subtasks.0.done.",
  arguments: {
    about: {
      kind: "text",
      required: true,
      description: "a work package such as passkeys/WP01, or a mission",
    },
    field: { kind: "text", required: true, description: "which field of it" },
  },
  flags: atFlag,
  jsonl: true,
  examples: ["explain passkeys/WP01 lane", "explain WP01 claim.holder", "explain passkeys title"],
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const subject = await resolveSubject(ledger, input.about);
    const { slug, workPackageId, name } = subject;
    const past =
      input.at === undefined ? undefined : await pastOf(context, ledger, slug, input.at, { signal });
    const mission = await openMission(ledger, slug, signal, past?.at.revision);
    const shown = shownOf(mission, workPackageId);
    const path = pathOf(input.field, shown, subject);
    const changes: ValueChange[] = [];
    const options = {
      ...(workPackageId === undefined ? {} : { workPackageId }),
      ...(past === undefined ? {} : { at: past.at.revision }),
      ...(signal === undefined ? {} : { signal }),
    };
    for await (const change of ledger.mission(slug).explain(path, options)) changes.push(change);
    if (changes.length === 0 && valueAt(shown, path) === undefined)
      throw unknownField(input.field, shown, subject);
    const records = changes.map(recordOf);
    return {
      data: {
        about: name,
        field: formatPath(path),
        path,
        value: valueAt(shown, path) ?? null,
        madeBy: records.at(-1) ?? null,
        changes: records,
        ...(past === undefined ? {} : { at: past.data }),
      },
      warnings: [...(past?.warnings ?? []), ...(await logWarnings(context, [slug]))],
      empty: changes.length === 0,
      position: () => changes.at(-1)?.event.position ?? null,
      human: (surface): readonly Line[] => [
        ...(surface.plain
          ? []
          : [
              ...(past === undefined ? [] : [past.line]),
              [
                toned("strong", name),
                `  ${formatPath(path)} is `,
                toned("strong", valueText(valueAt(shown, path))),
              ],
            ]),
        ...columns(
          changes.map((change) => cellsOf(change, surface.plain)),
          surface,
        ),
        ...(changes.length === 0 && !surface.plain ? ["no event changed it; it was so from the start"] : []),
      ],
      jsonl: () => records.map((record): Row => ({ record: { type: "change", ...record }, lines: [] })),
    };
  },
});

const shownOf = (mission: OpenMission, workPackageId: string | undefined): object =>
  workPackageId === undefined
    ? shownMission(mission)
    : shownWorkPackage(mission, openWorkPackage(mission, workPackageId));

/** What lists call by a shorter name. */
const aliases: Readonly<Record<string, string>> = {
  holder: "claim.holder",
  expiresAt: "claim.expiresAt",
};

/** The path of a field that is known, or may have been once: below what is nothing now, something may have stood. */
const pathOf = (field: string, shown: object, subject: Subject): ValuePath => {
  const alias =
    Object.hasOwn(shown, field) || subject.workPackageId === undefined ? undefined : aliasOf(field);
  const path = parsePath(alias ?? field, shown);
  if (!Object.hasOwn(shown, path[0] as string)) throw unknownField(field, shown, subject);
  return path;
};

const aliasOf = (field: string): string | undefined =>
  Object.hasOwn(aliases, field) ? aliases[field] : undefined;

const unknownField = (field: string, shown: object, { name, workPackageId }: Subject): Error => {
  const [first = ""] = field.split(".");
  const known = Object.keys(shown);
  const inside = valueAt(shown, [first]);
  const candidates =
    typeof inside === "object" && inside !== null
      ? Object.keys(inside).map((key) => `${first}.${key}`)
      : [...known, ...(workPackageId === undefined ? [] : Object.keys(aliases))];
  const near = nearest(field, candidates);
  return usage(
    `${name} has no field ${field}`,
    `${near === undefined ? "" : `Did you mean ${near}? `}Fields: ${candidates.join(", ") || known.join(", ")}.`,
  );
};

const recordOf = ({ event, before, after }: ValueChange) => {
  const { revision, eventId, position, at, actor, type, text } = timelineEntry(event);
  return {
    revision,
    eventId,
    position,
    at,
    recordedAt: event.recordedAt,
    actor,
    event: type,
    text,
    commandId: event.commandId,
    before: before ?? null,
    after: after ?? null,
  };
};

const cellsOf = (change: ValueChange, plain: boolean): readonly Span[] => {
  const { revision, eventId, at, actor, type, text } = timelineEntry(change.event);
  return [
    toned("dim", plain ? at : at.slice(0, 19).replace("T", " ")),
    `rev ${revision}`,
    actor,
    `${valueText(change.before)} > ${valueText(change.after)}`,
    text === "" ? type : text,
    toned("dim", eventId),
  ];
};
