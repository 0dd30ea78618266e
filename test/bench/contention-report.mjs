/** The figures of `pnpm bench contention` as tables for people, each with the goal it is held against. */
import { aligned } from "./report.mjs";

const ms = (value) => value.toFixed(2);
const whole = (value) => Math.round(value).toLocaleString("en");
const times = (value) => `${value.toFixed(2)} ×`;
const share = (value) => `${Math.round(100 * value)} %`;

const atLeast = (name, measured, limit, show) => [
  name,
  show(measured),
  `≥ ${show(limit)}`,
  measured >= limit ? "met" : "not met",
];
const atMost = (name, measured, limit, show) => [
  name,
  show(measured),
  `≤ ${show(limit)}`,
  measured <= limit ? "met" : "not met",
];

const goalsOf = ({ loads, claims, inFlight, cold }) => {
  const of = (wanted) => loads.find(({ id }) => id === wanted);
  const rows = [];
  const [l1, l2, l3, l5, l7] = ["L1", "L2", "L3", "L5", "L7"].map(of);
  if (l7 !== undefined)
    rows.push(
      atLeast("L7 rate / bare insert loops", l7.ofRaw, 0.8, share),
      atLeast("L7 slowest / fastest", l7.slowestOfFastest, 0.25, share),
    );
  if (l5 !== undefined)
    rows.push(
      atLeast("L5 rate / raw loop", l5.ofRaw, 0.75, share),
      atMost("L5 p99 above the raw p99, ms", l5.p99 - l5.rawP99, 1, ms),
    );
  if (l1 !== undefined)
    rows.push(
      atLeast("L1 rate / raw loop", l1.ofRaw, 0.6, share),
      atLeast("L1 rate / raw loop, with group flush", l1.ofRaw, 1.5, share),
      atMost("L1 p99, ms", l1.p99, 20, ms),
      atLeast("L1 slowest / fastest", l1.slowestOfFastest, 0.7, share),
    );
  if (l2 !== undefined)
    rows.push(
      atMost("L2 p99, ms", l2.p99, 150, ms),
      atMost("L2 longest wait, ms", l2.max, 2_000, ms),
      atLeast("L2 slowest / fastest", l2.slowestOfFastest, 0.4, share),
    );
  if (l3 !== undefined && l1 !== undefined)
    rows.push(atLeast("L3 rate / L1 rate", l3.rate / l1.rate, 2.5, times));
  if (claims !== undefined)
    rows.push(
      atLeast("L4 claims a second", claims.rate, 2_000, whole),
      atLeast("L4 smallest share of the wins", claims.smallestShare, 0.05, share),
      atMost("L4 longest wait, ms", claims.max, 2_000, ms),
    );
  for (const [name, { times: ratio }] of Object.entries(inFlight ?? {}))
    rows.push(atLeast(`64 in flight / one by one: ${name}`, ratio, 10, times));
  if (cold !== undefined)
    rows.push(
      atMost(`L9 cold, ${whole(cold.missions)} missions / one`, cold.many.p50 / cold.one.p50, 1.2, times),
    );
  return rows;
};

const rawText = {
  file: "Raw is one process's write + fdatasync loop",
  sqlite:
    "Raw is as many processes, each inserting the same bytes with better-sqlite3 alone, with the same pauses",
};

export const renderContention = (figures) => {
  const { conditions, loads, claims, inFlight, cold } = figures;
  const { store, node, cpus, fileSystem, milliseconds, rounds } = conditions;
  const lines = [`${store} store, node ${node}, ${cpus} cores, file system ${fileSystem}`, ""];
  if (loads.length > 0)
    lines.push(
      `Notes, ${rounds} rounds of ${milliseconds} ms, medians. ${rawText[store]}, measured beside each round.`,
      "",
      ...aligned([
        ["", "a second", "raw", "of raw", "p50 ms", "p99 ms", "max ms", "slowest of fastest"],
        ...loads.map(({ id, title, rate, raw, ofRaw, p50, p99, max, slowestOfFastest }) => [
          `${id} ${title}`,
          whole(rate),
          whole(raw),
          share(ofRaw),
          ms(p50),
          ms(p99),
          ms(max),
          share(slowestOfFastest),
        ]),
      ]),
      "",
    );
  if (claims !== undefined)
    lines.push(
      `L4: ${whole(claims.winners)} packages, each won once; ${whole(claims.refused)} refusals; ${whole(claims.rate)} claims a second; smallest share ${share(claims.smallestShare)}; p99 ${ms(claims.p99)} ms, max ${ms(claims.max)} ms`,
      "",
    );
  if (inFlight !== undefined)
    lines.push(
      ...aligned([
        ["In one process, a second", "one by one", "64 in flight", "times"],
        ...Object.entries(inFlight).map(([name, { single, crowd, times: ratio }]) => [
          name,
          whole(single),
          whole(crowd),
          times(ratio),
        ]),
      ]),
      "",
    );
  if (cold !== undefined)
    lines.push(
      ...aligned([
        ["L9, a process each", "p50 ms"],
        ["empty node", ms(cold.empty.p50)],
        ["mled wp move, one mission", ms(cold.one.p50)],
        [`mled wp move, ${whole(cold.missions)} missions`, ms(cold.many.p50)],
      ]),
      "",
    );
  lines.push(...aligned([["Goal", "measured", "wanted", ""], ...goalsOf(figures)]), "");
  return lines.join("\n");
};
