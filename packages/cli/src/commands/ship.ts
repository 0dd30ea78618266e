/** Ship: the mission's work is closed, agrees with its reviews and is on its target branch; then that is put on record. */
import { logWarnings } from "../command/log-warnings.ts";
import { openMission, resolveMission } from "../command/refs.ts";
import type { CommandResult } from "../command/result.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { commandIdFor, receiptData, receiptLines, write, writeFlags } from "../command/write.ts";
import { counted } from "../output/counted.ts";
import { exitCodeOf } from "../output/exit-codes.ts";
import { type Line, toned } from "../output/lines.ts";
import { checked, note } from "../output/marks.ts";
import { objections } from "../output/objections.ts";
import { ageWords, standingWords } from "../preflight/words.ts";
import { reviewFilesNow } from "../signoff/review-files.ts";
import { type ShipCheck, shipCheck } from "../signoff/ship-check.ts";
import { artifactsFlag } from "./mission-review.ts";
import { branchNamed } from "./mission-settings.ts";
import { onTargetFlags } from "./preflight.ts";

export const ship: CommandSpec = command({
  name: "ship",
  summary: "Put on record that a mission is on its target branch",
  description:
    "Everything is checked before anything is written: the target is where its upstream is, every work package is done or canceled, no review contradicts what is done, and the commits that done packages name are on the target. Exit 25 for the first, 26 for reviews, 6 for the others. Pushes and merges nothing.",
  arguments: {
    mission: { kind: "text", description: "which mission; may be left out when there is only one" },
  },
  flags: {
    ...onTargetFlags,
    ...artifactsFlag,
    ...writeFlags,
  },
  examples: [
    "ship passkeys",
    "ship passkeys --fetch --dry-run",
    "ship passkeys --artifacts kitty-specs/passkeys",
  ],
  writes: true,
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const slug = await resolveMission(ledger, input.mission);
    const mission = await openMission(ledger, slug, signal);
    const { artifacts } = input;
    const files = artifacts === undefined ? undefined : await reviewFilesNow(mission, artifacts, context.cwd);
    const { check, request } = await shipCheck({
      place: { cwd: context.cwd, env: context.env, ...(signal === undefined ? {} : { signal }) },
      mission,
      target: input.target === undefined ? undefined : branchNamed(input.target, "--target"),
      fetch: input.fetch,
      observed: files?.observed ?? [],
      artifacts,
      now: context.clock.now(),
      say: (name, rest) => context.say(name, rest),
    });
    const warnings = [...(await logWarnings(context, [slug])), ...(files?.warnings ?? [])];
    if (request === undefined)
      return {
        data: { ...check, shipped: false },
        warnings,
        ...blockedBy(check),
        human: blockedLines(check),
      };
    const commandId = commandIdFor(context, input);
    const written = await write(context, { ledger, slug, request, input, commandId, signal });
    const { shipped } = written.state;
    return {
      data: { ...check, shipped: !input.dryRun, ...receiptData(written) },
      warnings,
      human: [
        ...checkedLines(check),
        ...receiptLines(
          written,
          `shipped ${slug} to ${check.target} at ${(check.commit ?? "").slice(0, 12)}`,
          `${slug} is shipped already, to ${shipped?.targetBranch} at ${shipped?.commit.slice(0, 12)}; nothing has changed since`,
        ),
      ],
    };
  },
});

const blockedBy = ({
  mission,
  target,
  commit,
  blockers,
}: ShipCheck): Pick<CommandResult, "exit" | "error"> => {
  const [first] = blockers;
  if (first === undefined) return {};
  const { code, message, command: next, workPackageId, invariant } = first;
  const more = blockers.length - 1;
  return {
    exit: exitCodeOf(code),
    error: {
      code,
      message:
        more === 0
          ? message
          : `${message}; ${counted(more, "more thing")} ${more === 1 ? "blocks" : "block"}`,
      ...(next === null ? {} : { hint: `next: ${next}` }),
      details: { mission, workPackageId, invariant, target, commit, blockers },
    },
  };
};

const blockedLines = (check: ShipCheck): readonly Line[] => [
  ...check.blockers.flatMap(({ message, command: next }): readonly Line[] => [
    [toned("bad", "blocks"), ` ${message}`],
    ...(next === null ? [] : [`  ${next}`]),
  ]),
  "nothing was written",
];

const checkedLines = ({ preflight, review, commits, unnamed }: ShipCheck): readonly Line[] => {
  const age = ageWords(preflight);
  const hollow = review.packages.flatMap(({ workPackageId, hollow: by }) =>
    by === null ? [] : [`${workPackageId} (${by.by})`],
  );
  const unshown = unnamed.flatMap(({ workPackageId, onTarget }) =>
    onTarget === null ? [workPackageId] : [],
  );
  return [
    checked(true, `${standingWords(preflight)}${age === "" ? "" : `, ${age}`}`),
    checked(
      true,
      `${counted(review.packages.length, "package")} done; ${objections(review.packages.flatMap(({ contradictions }) => contradictions).length)}`,
    ),
    ...(commits.length === 0
      ? []
      : [
          checked(true, `${counted(commits.length, "commit")} named as evidence, all on ${preflight.target}`),
        ]),
    ...(unshown.length === 0
      ? []
      : [
          note(
            `nothing shows that the work of ${unshown.join(", ")} is on ${preflight.target}: no commit is named, and no branch of it is here`,
          ),
        ]),
    ...(hollow.length === 0
      ? []
      : [note(`reviewed or overridden by who implemented it: ${hollow.join(", ")}`)]),
  ];
};
