/** Shows how far a long command is: one line that is drawn over itself on a terminal, records with `--jsonl`, else nothing. */
import type { Clock } from "@mission-ledger/core";
import type { Globals } from "../command/global-flags.ts";
import type { ProgressNote } from "../command/spec.ts";
import { printable, printableJson } from "../output/printable.ts";
import { displayWidth, fit } from "../output/width.ts";
import { type Io, type Output, put } from "./io.ts";

export interface ProgressDisplay {
  /** As often as there is something new: shown when it is time. */
  tell(note: ProgressNote): void;
  /** Takes the line away, and waits until everything is written. */
  end(): Promise<void>;
}

const [lineEveryMs, recordEveryMs] = [100, 1_000];

export const progressDisplay = (
  { stdout, stderr, env }: Io,
  { json, jsonl, plain }: Globals,
  clock: Clock,
): ProgressDisplay => {
  if (jsonl) {
    const records = paced(clock, recordEveryMs, (note) => put(stdout, `${printableJson(note.record())}\n`));
    // Whoever reads records waits for the last one: only there is the share 1.
    return { tell: records.tell, end: records.endWithLast };
  }
  const watched = stderr.isTTY === true && env.TERM !== "dumb" && !json && !plain;
  return watched ? overwriting(stderr, clock) : { tell: () => {}, end: async () => {} };
};

const overwriting = (stderr: Output, clock: Clock): ProgressDisplay => {
  let shown = 0;
  const draw = (text: string): Promise<void> => {
    const before = shown;
    shown = displayWidth(text);
    return put(stderr, `\r${text}${" ".repeat(Math.max(0, before - shown))}`);
  };
  const display = paced(clock, lineEveryMs, (note) => {
    const width = stderr.columns || 80;
    return draw(fit(printable(note.line(width)), width - 1));
  });
  return {
    tell: display.tell,
    end: async () => {
      await display.end();
      if (shown > 0) await draw("").then(() => put(stderr, "\r"));
    },
  };
};

/** One after the other, never more than one behind; what cannot be written is nobody's trouble but that of the result. */
const paced = (
  clock: Clock,
  everyMs: number,
  show: (note: ProgressNote) => Promise<void>,
): ProgressDisplay & {
  /** Shows the last note too, if it was not its time. */
  endWithLast(): Promise<void>;
} => {
  let last: number | undefined;
  let passedOver: ProgressNote | undefined;
  let writing: Promise<void> | undefined;
  return {
    tell: (note) => {
      const now = clock.now();
      passedOver = note;
      if (writing !== undefined || (last !== undefined && now - last < everyMs)) return;
      passedOver = undefined;
      last = now;
      writing = show(note)
        .catch(() => {})
        .finally(() => {
          writing = undefined;
        });
    },
    end: async () => {
      await writing;
    },
    endWithLast: async () => {
      await writing;
      const note = passedOver;
      passedOver = undefined;
      if (note !== undefined) await show(note).catch(() => {});
    },
  };
};
