/** How far a rebuild is, in one line that fits the terminal. */
import type { RebuildProgress } from "@mission-ledger/rebuild";
import { roughly } from "../command/duration.ts";
import { displayWidth } from "../output/width.ts";

/** Widest bar, in columns, and the narrowest that still says something. */
const [widest, narrowest] = [30, 8];

/** What matters most comes first; what does not fit is left out, the bar takes what room is left. */
export const barLine = (progress: RebuildProgress, width: number): string => {
  const { share, phase, streams, events, perSecond, leftMs } = progress;
  const parts = [
    `${String(Math.floor(share * 100)).padStart(3)} %`,
    phase === "switching" ? "switching" : `${streams.done} of ${streams.total} missions`,
    ...(leftMs === undefined || phase === "switching" ? [] : [`${roughly(leftMs)} left`]),
    `${grouped(events)} events`,
    ...(perSecond === undefined ? [] : [`${grouped(perSecond)}/s`]),
  ];
  return lineWithBar(share, parts, width);
};

/** As many of the parts as fit, with a bar before them where there is room for one. */
export const lineWithBar = (share: number, parts: readonly string[], width: number): string => {
  const line: string[] = [];
  let used = 0;
  for (const part of parts) {
    const needs = displayWidth(part) + (line.length === 0 ? 0 : 2);
    // The last column stays free: some terminals begin a new line when it is written.
    if (used + needs > width - 1) break;
    line.push(part);
    used += needs;
  }
  const room = Math.min(widest, width - 1 - used - 4);
  return room < narrowest ? line.join("  ") : `[${barOf(share, room)}]  ${line.join("  ")}`;
};

const barOf = (share: number, width: number): string => {
  const full = Math.floor(share * width);
  return "#".repeat(full) + "-".repeat(width - full);
};

export const grouped = (count: number): string =>
  Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
