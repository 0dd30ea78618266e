/** Mission review: whether what is approved or done agrees with its newest review. Reads only. */
import { logWarnings } from "../command/log-warnings.ts";
import { openMission, resolveMission } from "../command/refs.ts";
import type { CommandResult } from "../command/result.ts";
import { type CommandSpec, command } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { exitCodes } from "../output/exit-codes.ts";
import { columns, type Line, type Surface, toned } from "../output/lines.ts";
import { objections } from "../output/objections.ts";
import { firstOpen, type SignoffPackage, type SignoffReport, signoffReport } from "../signoff/report.ts";
import { reviewFilesNow } from "../signoff/review-files.ts";

export const artifactsFlag = {
  artifacts: {
    kind: "path",
    description: "the mission's folder: read its review files as they are now",
    placeholder: "folder",
  },
} as const;

export const missionReview: CommandSpec = command({
  name: "mission.review",
  summary: "Check that what is approved or done agrees with its newest review",
  description:
    "Reads only. Each work package that is approved or done is compared with its newest verdict and, in an imported mission, with its newest review file; what cannot be read approves nothing. Exit 26 while something contradicts that nobody answers for.",
  arguments: { slug: { kind: "text", description: "which mission; may be left out when there is only one" } },
  flags: artifactsFlag,
  examples: ["mission review passkeys", "mission review passkeys --artifacts kitty-specs/passkeys --json"],
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const slug = await resolveMission(ledger, input.slug);
    const mission = await openMission(ledger, slug, signal);
    const { artifacts } = input;
    const files = artifacts === undefined ? undefined : await reviewFilesNow(mission, artifacts, context.cwd);
    const report = signoffReport({
      mission,
      observed: files?.observed ?? [],
      artifacts,
      say: (name, rest) => context.say(name, rest),
    });
    return {
      data: { ...report, artifacts: artifacts ?? null },
      warnings: [...(await logWarnings(context, [slug])), ...(files?.warnings ?? [])],
      ...contradictedBy(report),
      human: (surface) => signoffLines(report, surface),
    };
  },
});

/** How a command ends while something contradicts; nothing where nothing does. */
const contradictedBy = (report: SignoffReport): Pick<CommandResult, "exit" | "error"> => {
  const open = firstOpen(report);
  if (open === undefined) return {};
  const { workPackageId, lane, kind, invariant, message, file, cycle, command: answer } = open;
  return {
    exit: exitCodes.reviewContradicted,
    error: {
      code: "REVIEW_CONTRADICTED",
      message: file === null ? message : `${message}: ${file}`,
      hint: `have it reviewed again, or answer for it: ${answer}`,
      details: { mission: report.mission, workPackageId, invariant, kind, lane, file, cycle },
    },
  };
};

const signoffLines = (report: SignoffReport, surface: Surface): readonly Line[] => {
  const { packages, others, ok } = report;
  const open = packages.flatMap(({ contradictions }) =>
    contradictions.filter(({ override }) => override === null),
  );
  const waiting = others.filter(({ lane }) => lane !== "canceled");
  const onSource = packages.filter(({ restsOn }) => restsOn === "source").length;
  return [
    ...columns(
      packages.map((one) => [
        mark(one),
        toned("strong", one.workPackageId),
        one.lane,
        one.verdict,
        toned("dim", aboutPackage(one)),
      ]),
      surface,
    ),
    ...open.flatMap(({ message, file, cycle, command: answer }): readonly Line[] => [
      [
        toned("bad", "blocks"),
        ` ${message}${file === null ? "" : `: ${file}`}${cycle === null ? "" : ` (cycle ${cycle})`}`,
      ],
      `  ${answer}`,
    ]),
    ...(onSource > 0
      ? [
          `${counted(onSource, "package")} approved in the source alone: neither a verdict nor a review file came with it`,
        ]
      : []),
    ...(waiting.length > 0
      ? [
          toned(
            "dim",
            `not approved yet: ${waiting.map(({ workPackageId, lane }) => `${workPackageId} ${lane}`).join(", ")}`,
          ),
        ]
      : []),
    packages.length === 0
      ? `${report.mission}: nothing is approved or done yet`
      : ok
        ? [
            toned("good", "ok"),
            `  ${counted(packages.length, "package")} approved or done; ${objections(packages.flatMap(({ contradictions }) => contradictions).length)}`,
          ]
        : [toned("bad", "not ready"), `  ${counted(open.length, "contradiction")} that nobody answers for`],
  ];
};

const mark = ({ verdict, hollow }: SignoffPackage) =>
  verdict !== "consistent" && verdict !== "overridden"
    ? toned("bad", "no")
    : verdict === "overridden" || hollow !== null
      ? toned("warn", "ok")
      : toned("good", "ok");

const basisWords: Readonly<Record<Exclude<SignoffPackage["restsOn"], null | "override">, string>> = {
  review: "reviewed here",
  imported_verdict: "by the verdict it was imported with",
  review_file: "by its newest review file",
  source: "by its source alone",
};

const aboutPackage = ({ restsOn, hollow, contradictions }: SignoffPackage): string => {
  const answers = contradictions.flatMap(({ override }) =>
    override === null ? [] : [`answered for by ${override.by}: ${override.reason}`],
  );
  return [
    ...(restsOn === null || restsOn === "override" ? [] : [basisWords[restsOn]]),
    ...answers,
    ...(hollow === null
      ? []
      : [
          `HOLLOW: ${hollow.by} implemented it, and ${hollow.what === "review" ? "approved" : "overrode"} it`,
        ]),
  ].join("; ");
};
