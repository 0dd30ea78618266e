/** Restore: an archived mission takes commands again; from its file also where the ledger has lost it, or never had it. */
import fs from "node:fs";
import path from "node:path";
import { type CancelSignal, copyLedger, sumStream } from "@mission-ledger/core";
import { type Ledger, missionStream, slugOfStream } from "@mission-ledger/core/mission";
import { archiveSource } from "@mission-ledger/store-file";
import { type CommandContext, type CommandSpec, command } from "../command/spec.ts";
import {
  commandIdFor,
  receiptData,
  receiptLines,
  type WriteInput,
  write,
  writeFlags,
} from "../command/write.ts";
import { counted } from "../output/counted.ts";
import { CliError } from "../output/problem.ts";
import { addressOf } from "./archive.ts";

export const restore: CommandSpec = command({
  name: "restore",
  summary: "Let an archived mission take commands again",
  description:
    "With the file of an archive, a mission that this ledger does not hold is brought back first, byte for byte and under its own ids. A mission that went on differently here is refused.",
  arguments: {
    what: {
      kind: "text",
      required: true,
      description: "a mission of this ledger, or the file of an archive",
    },
  },
  flags: { ...writeFlags },
  examples: ["restore passkeys", "restore ../cold/passkeys.jsonl.gz"],
  writes: true,
  run: async (context, input, signal) => {
    const ledger = await context.ledger();
    const file = path.resolve(context.cwd, input.what);
    if (!isFile(file)) {
      const missions = await ledger.missions();
      if (!missions.includes(input.what))
        throw new CliError(
          "NOT_FOUND",
          `there is neither a mission ${input.what} here nor a file of that name`,
          {
            details: { mission: input.what },
          },
        );
      return reopened(context, ledger, input.what, input, signal, nothingBrought);
    }
    const brought = await bringBack(context, file, input.dryRun, signal);
    if (brought.events > 0 && !input.dryRun && brought.beside)
      context.warn(
        "programs that follow the whole ledger by position may have passed the place of this mission: let them make their views again",
      );
    if (input.dryRun && brought.events > 0)
      return {
        data: { mission: brought.slug, brought: brought.events, dryRun: true },
        human: [`would bring back ${counted(brought.events, "event")} of ${brought.slug}`],
      };
    return reopened(context, ledger, brought.slug, input, signal, brought);
  },
});

interface Brought {
  /** Events that were missing here. */
  readonly events: number;
  /** Other missions are here too. */
  readonly beside: boolean;
}

const nothingBrought: Brought = { events: 0, beside: false };

const bringBack = async (
  context: CommandContext,
  file: string,
  dryRun: boolean,
  signal: CancelSignal | undefined,
): Promise<Brought & { readonly slug: string }> => {
  const from = archiveSource({ file, files: context.files });
  const [extent] = await from.extents();
  if (extent === undefined) throw new TypeError("an archive holds one mission");
  const { stream } = extent;
  const asked = { kept: "lines", ...(signal === undefined ? {} : { signal }) } as const;
  const { whole } = await sumStream(from, extent, asked);
  const to = await context.side(addressOf(await context.place()));
  try {
    const here = await to.extents(signal);
    const beside = here.some((one) => one.stream !== stream);
    const present = here.find((one) => one.stream === stream);
    // The mark that it was archived stands behind what the file holds.
    const { begun } =
      present === undefined ? {} : await sumStream(to, present, { ...asked, at: whole.entries });
    if (begun?.sum === whole.sum) return { slug: slugOfStream(stream), events: 0, beside };
    const { copied } = await copyLedger({
      from,
      to,
      streams: [stream],
      dryRun,
      ...(signal === undefined ? {} : { signal }),
    });
    return { slug: slugOfStream(stream), events: copied.events, beside };
  } finally {
    await to.close();
  }
};

const reopened = async (
  context: CommandContext,
  ledger: Ledger,
  slug: string,
  input: WriteInput,
  signal: CancelSignal | undefined,
  { events }: Brought,
) => {
  const commandId = commandIdFor(context, input);
  const request = { type: "RestoreMission" } as const;
  const written = await write(context, { ledger, slug, request, input, commandId, signal });
  const brought = events === 0 ? [] : [`brought back ${counted(events, "event")} of ${slug}, read back`];
  return {
    data: { mission: slug, stream: missionStream(slug), brought: events, ...receiptData(written) },
    human: [
      ...brought,
      ...(events > 0 && written.events.length === 0
        ? []
        : receiptLines(written, `restored ${slug}`, `${slug} is not archived`)),
    ],
  };
};

const isFile = (name: string): boolean => {
  try {
    return fs.statSync(name).isFile();
  } catch {
    return false;
  }
};
