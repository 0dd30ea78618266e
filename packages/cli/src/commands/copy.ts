/** Copy: a whole ledger from one store to another, gone on with after any interruption, compared at the end. */
import fs from "node:fs";
import {
  type CopiedStream,
  type CopyProgress,
  type CopyReport,
  copyLedger,
  isStoreFault,
  StoreFault,
} from "@mission-ledger/core";
import { missionStream, slugOfStream } from "@mission-ledger/core/mission";
import { type DamagedAt, damageStep } from "../command/damage-step.ts";
import { roughly } from "../command/duration.ts";
import type { Row } from "../command/result.ts";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import { counted } from "../output/counted.ts";
import { type Line, toned } from "../output/lines.ts";
import { hideInAddress, isServerAddress } from "../output/passwords.ts";
import { CliError, isAbort, usage } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import { grouped, lineWithBar } from "../rebuild/bar.ts";
import { formatAddress, identityOf, parseAddress } from "../store/address.ts";
import { storeAt } from "../store/addressed-store.ts";
import { danglingLink, danglingWords } from "../store/dangling-link.ts";
import type { StoreAddress } from "../store/store-kind.ts";
import { hintOfOther } from "../sync/next-steps.ts";

/** Missions that are listed one by one in the envelope; all are counted. */
const mostListed = 1_000;

export const copy: CommandSpec = command({
  name: "copy",
  summary: "Copy a ledger to another store",
  description:
    "Ids, times, order and digests stay as they are, and logs come back byte for byte. What was interrupted is gone on with by the same command. Ends with a comparison of both sides: events, commands and a checksum. What is written to the source meanwhile comes with the next copy.",
  arguments: {
    from: {
      kind: "text",
      required: true,
      description: "the ledger to read: file:<directory>, sqlite:<file> or esdb://<host>",
    },
    to: { kind: "text", required: true, description: "where to: an address with nothing else in it" },
  },
  flags: {
    mission: {
      kind: "text",
      repeatable: true,
      description: "only this mission; what else the target holds is left alone",
      placeholder: "slug",
    },
    dryRun: { kind: "boolean", description: "read and compare both sides; write nothing" },
  },
  examples: [
    "copy file:.mission-ledger sqlite:plan.db",
    "copy sqlite:plan.db file:plan --dry-run",
    "copy file:old file:new --mission passkeys",
    "copy file:.mission-ledger 'esdb://127.0.0.1:2113?tls=false'",
  ],
  writes: true,
  jsonl: true,
  run: async (context, { from, to, mission, dryRun }, signal) => {
    const source = parseAddress(from, "from", context.cwd);
    const target = parseAddress(to, "to", context.cwd);
    if (isSamePlace(source, target)) throw usage("from and to are the same ledger");
    if (storeAt(source).isThere() === false) throw notThere(source);
    const reading = await context.side(source);
    try {
      // A source that cannot be read, or lacks what was named, leaves no empty ledger behind.
      const streams =
        mission.length === 0
          ? undefined
          : await streamsOf(reading, mission, context.say("mission.list", `--store ${shellQuote(from)}`));
      if (streams === undefined && source.store !== "file" && storeAt(target).isThere() === false)
        await reading.extents(signal);
      const writing = await context.side(target, { make: !dryRun, other: reading.keeps });
      try {
        const report = await copyLedger({
          from: reading,
          to: writing,
          dryRun,
          clock: context.clock,
          ...(streams === undefined ? {} : { streams }),
          ...(signal === undefined ? {} : { signal }),
          onProgress: (progress) =>
            context.progress({
              line: (width) => progressLine(progress, width),
              record: () => ({ type: "progress", ...progress }),
            }),
        });
        return {
          data: dataOf(report, source, target, dryRun),
          human: linesOf(report, target, dryRun),
          jsonl: () => rowsOf(report),
        };
      } finally {
        await writing.close();
      }
    } catch (error) {
      throw isAbort(error, signal)
        ? interrupted(context, [from, to, ...mission.flatMap((slug) => ["--mission", slug])])
        : withItsLedger(context, error, { source, target });
    } finally {
      await reading.close();
    }
  },
});

const notThere = (source: StoreAddress): CliError => {
  const dangling = source.store === "eventstoredb" ? undefined : danglingLink(source.path);
  const why = dangling === undefined ? "" : `: ${danglingWords(dangling)}`;
  return new CliError("LEDGER_NOT_FOUND", `there is no ledger at ${nameOf(source)}${why}`, {
    details: { address: formatAddress(source), ...dangling },
  });
};

const nameOf = (address: StoreAddress): string =>
  address.store === "eventstoredb" ? address.shown : address.path;

/** Links and mounts give one place several names, and a ledger is always equal to itself. */
const isSamePlace = (one: StoreAddress, other: StoreAddress): boolean => {
  if (identityOf(one) === identityOf(other)) return true;
  if (one.store === "eventstoredb" || other.store === "eventstoredb") return false;
  try {
    const [here, there] = [
      fs.statSync(one.path, { bigint: true }),
      fs.statSync(other.path, { bigint: true }),
    ];
    return here.dev === there.dev && here.ino === there.ino;
  } catch {
    // One is not there, or may not be looked at: opening it says which.
    return false;
  }
};

/** Throws `NOT_FOUND` for a mission that the source does not hold: a copy of nothing would look like a copy. */
const streamsOf = async (
  source: Awaited<ReturnType<CommandContext["side"]>>,
  missions: readonly string[],
  look: string,
): Promise<readonly string[]> => {
  const known = new Set((await source.extents()).map(({ stream }) => stream));
  for (const slug of missions)
    if (!known.has(missionStream(slug)))
      throw new CliError("NOT_FOUND", `the source has no mission ${slug}`, {
        hint: `look: ${look}`,
        details: { mission: slug },
      });
  return missions.map(missionStream);
};

const dataOf = (
  { streams, records, events, asides, sum, kept, copied, equal }: CopyReport,
  from: StoreAddress,
  to: StoreAddress,
  dryRun: boolean,
) => ({
  from: formatAddress(from),
  to: formatAddress(to),
  missions: streams.slice(0, mostListed).map(listed),
  totals: { missions: missionsIn(streams), commands: records, events, asides, sum },
  copied: { missions: copied.streams, commands: copied.records, events: copied.events },
  kept,
  equal,
  dryRun,
});

/** A log that was made and never written to is no mission, and a database cannot hold one. */
const missionsIn = (streams: CopyReport["streams"]): number =>
  streams.filter(({ events }) => events > 0).length;

const listed = ({ stream, head, records, events, asides, sum, copied }: CopiedStream) => ({
  slug: slugOfStream(stream),
  revision: head.revision,
  digest: head.digest,
  commands: records,
  events,
  asides,
  sum,
  copied,
});

const linesOf = (report: CopyReport, to: StoreAddress, dryRun: boolean): readonly Line[] => {
  const { streams, copied, events, records, sum, equal } = report;
  const all = `${counted(missionsIn(streams), "mission")}, ${counted(records, "command")}, ${counted(events, "event")}`;
  if (!equal)
    return [
      `would copy ${counted(copied.events, "event")} of ${counted(copied.streams, "mission")} to ${formatAddress(to)}`,
    ];
  return [
    copied.records === 0
      ? "nothing to copy"
      : `copied ${counted(copied.events, "event")} of ${counted(copied.streams, "mission")} to ${formatAddress(to)}`,
    [
      toned("good", "equal"),
      `: ${all} on both sides${dryRun ? "" : ", read back"}; checksum ${sum.slice(0, 16)}`,
    ],
  ];
};

const rowsOf = ({ streams }: CopyReport): readonly Row[] =>
  streams.map((stream) => ({ record: { type: "mission", ...listed(stream) }, lines: [] }));

const progressLine = ({ phase, share, events, perSecond, leftMs }: CopyProgress, width: number): string => {
  const parts = [
    phase,
    ...(share === undefined ? [] : [`${Math.floor(share * 100)} %`]),
    ...(leftMs === undefined ? [] : [`${roughly(leftMs)} left`]),
    `${grouped(events)} events`,
    ...(perSecond === undefined ? [] : [`${grouped(perSecond)}/s`]),
  ];
  return share === undefined ? parts.join("  ") : lineWithBar(share, parts, width);
};

const interrupted = (context: CommandContext, asked: readonly string[]): CliError =>
  new CliError("INTERRUPTED", "interrupted; what stands in the target is a beginning of the source", {
    outcome: "unknown",
    hint: `Go on where it stopped: ${context.say("copy", asked.map((word) => shellQuote(isServerAddress(word) ? hideInAddress(word) : word)).join(" "))}`,
  });

/** What mends a mission has to be run on the ledger that holds it, which is seldom the one that is meant here otherwise. */
const withItsLedger = (
  { say, sayAt }: CommandContext,
  error: unknown,
  { source, target }: { readonly source: StoreAddress; readonly target: StoreAddress },
): unknown => {
  if (!isStoreFault(error)) return error;
  if (!mendable.has(error.code)) return aboutItsServer(sayAt, error, [target, source]);
  const { code, message, outcome, retryable, details, hint } = error;
  const { stream, ...rest } = details;
  // Only what is found while the source is read through comes with all its problems.
  const at = details.problems === undefined ? target : source;
  const address = formatAddress(at);
  if (typeof stream !== "string") {
    // A row of a database that cannot be believed does not say whose it is either.
    const damaged = [source, target].find(
      (side) => side.store !== "eventstoredb" && side.path === details.path,
    );
    if (damaged === undefined) return error;
    const step = say("verify", `--store ${shellQuote(formatAddress(damaged))}`);
    return new StoreFault(code, `${nameOf(damaged)}: ${message}`, {
      outcome,
      retryable,
      hint: `See what is wrong: ${step}\n${hint ?? ""}`.trimEnd(),
      details: { ...details, address: formatAddress(damaged) },
      cause: error,
    });
  }
  const there: DamagedAt = {
    keptBy: at.store,
    say: (name, rest) => sayAt(at, name, rest),
    remembersIn: () => undefined,
  };
  const next = damageStep(there, { code, mission: slugOfStream(stream) });
  const step = next.command ?? next.hint;
  return new StoreFault(code, message, {
    outcome,
    retryable,
    hint: outcome === "unknown" && hint !== undefined ? `${hint}\n${step}` : step,
    details: { ...rest, mission: slugOfStream(stream), address },
    cause: error,
  });
};

/** What is proposed for a server is said of the one that failed. */
const aboutItsServer = (
  sayAt: CommandContext["sayAt"],
  fault: StoreFault,
  sides: readonly StoreAddress[],
): StoreFault => {
  const { code, message, outcome, retryable, details, hint } = fault;
  const servers = sides.filter(({ store }) => store === "eventstoredb");
  const [at] = [...servers.filter((one) => nameOf(one).includes(String(details.server))), ...servers];
  if (hint === undefined || at === undefined) return fault;
  return new StoreFault(code, message, {
    outcome,
    retryable,
    hint: hintOfOther({ sayAt }, at, hint),
    details,
    cause: fault,
  });
};

const mendable: ReadonlySet<string> = new Set([
  "DURABILITY_UNKNOWN",
  "FORK_DETECTED",
  "LOG_CONFLICTED",
  "LOG_CORRUPT",
]);
