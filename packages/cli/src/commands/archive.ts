/** Archive: a cold copy of a closed mission, proven, then the event that lets nobody change the mission any more. */
import path from "node:path";
import { isStoreFault, sumStream } from "@mission-ledger/core";
import { missionStream, slugOfStream, type TimelineEntry, timelineEntry } from "@mission-ledger/core/mission";
import { archiveSource, encodeStreamName, readArchiveHeader, writeArchive } from "@mission-ledger/store-file";
import { openMission, resolveMission } from "../command/refs.ts";
import { type CommandContext, type CommandSpec, command, type Place } from "../command/spec.ts";
import { commandIdFor, receiptData, receiptLines, write, writeFlags } from "../command/write.ts";
import { counted } from "../output/counted.ts";
import { toned } from "../output/lines.ts";
import { CliError, usage } from "../output/problem.ts";
import { shellQuote } from "../output/shell-quote.ts";
import type { DiskAddress, StoreAddress } from "../store/store-kind.ts";
import { withOrigins } from "../store/with-origins.ts";

export const archive: CommandSpec = command({
  name: "archive",
  summary: "Close a finished mission, with a cold copy of its log",
  description:
    "Every work package has to be done or canceled. The copy is written, read again and compared; only then the mission is marked, and refuses commands until it is restored. Nothing leaves the ledger: the mission can still be read, and its slug stays taken.",
  arguments: {
    mission: { kind: "text", description: "which mission; may be left out when there is only one" },
  },
  flags: {
    to: {
      kind: "path",
      description: "file of the copy, compressed if it ends in .gz; otherwise in the ledger's archive folder",
      placeholder: "file",
    },
    ...writeFlags,
  },
  examples: ["archive passkeys", "archive passkeys --to ../cold/passkeys.jsonl.gz"],
  writes: true,
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const address = addressOf(await context.place());
    const fileFor = fileNameFor(context, address, input);
    const slug = await resolveMission(ledger, input.mission);
    const { archived } = await openMission(ledger, slug, signal);
    const commandId = commandIdFor(context, input);
    const asked = { ledger, slug, commandId, signal };
    if (archived !== undefined) {
      // Whoever names a file may rely on it from here on.
      if (input.to !== undefined && !input.dryRun)
        await holdsArchive(context, path.resolve(context.cwd, input.to), { slug, ...archived }, signal);
      return {
        data: { mission: slug, ...archived, made: false, archived: true },
        human: [`${slug} is archived already, in ${archived.file}`],
      };
    }
    // Refused before a file is made.
    const rehearsal = await write(context, {
      ...asked,
      request: { type: "ArchiveMission", file: "-", sha256: noSum, head: noSum, records: 0, events: 0 },
      input: { ...input, dryRun: true },
    });
    if (input.dryRun)
      return {
        data: { mission: slug, archived: false, ...receiptData(rehearsal) },
        human: receiptLines(rehearsal, `archived ${slug}`),
      };
    const side = await context.side(address);
    try {
      const made = await writeArchive({
        from: address.store === "eventstoredb" ? withOrigins(side, address.identity) : side,
        stream: missionStream(slug),
        file: (sha256) => fileFor(slug, sha256),
        files: context.files,
        randomness: context.randomness,
        ...(signal === undefined ? {} : { signal }),
      });
      const { file, sha256, head, records, events, revision } = made;
      const written = await write(context, {
        ...asked,
        request: {
          type: "ArchiveMission",
          file: path.basename(file),
          sha256,
          head: head ?? noSum,
          records,
          events,
        },
        // Whoever wrote since the copy was begun is not in it.
        input: { ...input, expectedRevision: revision },
      });
      return {
        data: {
          mission: slug,
          archived: true,
          file,
          size: made.size,
          sha256,
          lines: made.lines,
          commands: records,
          made: made.made,
          ...receiptData(written),
        },
        human: [
          ...receiptLines(written, `archived ${slug}`),
          `${file}: ${counted(events, "event")}, ${counted(made.size, "byte")}, read back; sha256 ${sha256.slice(0, 16)}`,
          toned("dim", `go on with it: ${context.say("restore", shellQuote(slug))}`),
        ],
      };
    } finally {
      await side.close();
    }
  },
});

export const checkArchive: CommandSpec = command({
  name: "check-archive",
  summary: "Read an archive from end to end, and say whether it is whole",
  description: "Needs no ledger. Computes every checksum and digest again.",
  arguments: { file: { kind: "path", required: true, description: "the archive" } },
  flags: { log: { kind: "boolean", description: "also list what happened in the mission" } },
  examples: ["check-archive passkeys.jsonl.gz", "check-archive passkeys.jsonl.gz --log"],
  jsonl: true,
  run: async (context, input, signal) => {
    const file = path.resolve(context.cwd, input.file);
    const header = await readArchiveHeader({ file, files: context.files });
    const entries: TimelineEntry[] = [];
    const { sum } = await sumArchive(
      context,
      file,
      input.log ? (entry) => entries.push(entry) : () => {},
      signal,
    );
    const { stream, ...counts } = header;
    return {
      data: {
        file,
        mission: slugOfStream(stream),
        ...counts,
        sum,
        sound: true,
        log: input.log ? entries : null,
      },
      human: [
        ...entries.map(({ at, actor, workPackageId, text }) => [
          toned("dim", at),
          `  ${actor}  ${workPackageId === null ? "" : `${workPackageId}  `}${text}`,
        ]),
        [
          toned("good", "sound"),
          `: ${slugOfStream(stream)}, ${counted(header.records, "command")}, ${counted(header.events, "event")}, up to revision ${header.revision}; sha256 ${header.sha256.slice(0, 16)}`,
        ],
      ],
      jsonl: () => entries.map((entry) => ({ record: { ...entry }, lines: [] })),
    };
  },
});

/** Throws `MISSION_ARCHIVED` unless `file` is the archive that was made of the mission, proven from end to end. */
const holdsArchive = async (
  context: CommandContext,
  file: string,
  archived: { readonly slug: string; readonly file: string; readonly sha256: string },
  signal: Parameters<CommandSpec["run"]>[2],
): Promise<void> => {
  const { slug, sha256 } = archived;
  try {
    const header = await readArchiveHeader({ file, files: context.files });
    if (header.sha256 === sha256 && header.stream === missionStream(slug)) {
      await sumArchive(context, file, () => {}, signal);
      return;
    }
  } catch (error) {
    if (!isStoreFault(error)) throw error;
  }
  throw new CliError(
    "MISSION_ARCHIVED",
    `${slug} is archived already, in ${archived.file}; nothing was written to ${file}`,
    {
      hint: `Copy that file, or archive the mission anew: ${context.say("restore", shellQuote(slug))}, then this command again.`,
      details: { mission: slug, file: archived.file, sha256, path: file },
    },
  );
};

const sumArchive = async (
  { files }: CommandContext,
  file: string,
  tell: (entry: TimelineEntry) => void,
  signal: Parameters<CommandSpec["run"]>[2],
) => {
  const source = archiveSource({ file, files });
  const [extent] = await source.extents();
  if (extent === undefined) throw new TypeError("an archive holds one mission");
  const heard = {
    ...source,
    read: async function* (...asked: Parameters<typeof source.read>) {
      for await (const entries of source.read(...asked)) {
        for (const entry of entries)
          if (entry._tag === "Commit")
            for (const event of entry.commit.events) tell(timelineEntry({ ...event, position: "" }));
        yield entries;
      }
    },
  };
  const { whole } = await sumStream(heard, extent, {
    kept: "lines",
    ...(signal === undefined ? {} : { signal }),
  });
  return whole;
};

/** Throws `USAGE` where a host brings the ledger: it has no lines to keep. */
export const addressOf = ({ at }: Place): StoreAddress => {
  if (at === null) throw usage("the host program brings its own ledger, which has no archive");
  return at;
};

/** Throws `USAGE` where nobody says which file and the ledger has no folder of its own. */
const fileNameFor = (
  { cwd, say }: CommandContext,
  address: StoreAddress,
  { mission, to }: { readonly mission?: string | undefined; readonly to: string | undefined },
): ((slug: string, sha256: string) => string) => {
  if (to !== undefined) return () => path.resolve(cwd, to);
  if (address.store === "eventstoredb") {
    const words =
      mission === undefined
        ? "<mission> --to <mission>.jsonl.gz"
        : `${shellQuote(mission)} --to ${shellQuote(`${mission}.jsonl.gz`)}`;
    throw usage(
      "--to is needed: a ledger on a server has no archive folder",
      `Name the file: ${say("archive", words)}`,
    );
  }
  return (slug, sha256) => defaultFile(address, slug, sha256);
};

/** Beside the logs, or beside the database. */
const defaultFile = (address: DiskAddress, slug: string, sha256: string): string => {
  const folder = path.join(address.store === "file" ? address.path : path.dirname(address.path), "archive");
  return path.join(folder, `${encodeStreamName(missionStream(slug))}.${sha256.slice(0, 12)}.jsonl.gz`);
};

const noSum = "0".repeat(64);
