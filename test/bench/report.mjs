/** A run's figures as a table for people. */

export const ms = (value) => value.toFixed(3);
export const times = (value) => `${value.toFixed(2)} ×`;

export const aligned = (rows) => {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join("  ")
      .trimEnd(),
  );
};

/** Goals that are ratios, the less the better. */
export const goalsAtMost = (goals) =>
  aligned([
    ["Goal", "measured", "at most", ""],
    ...goals.map(({ name, ratio, limit, met }) => [
      name,
      times(ratio),
      times(limit),
      met ? "met" : "not met",
    ]),
  ]);

export const renderTransitions = ({ conditions, warm, cold, goals }) => {
  const floor = warm["write + fdatasync"];
  const { store, node, cpus, fileSystem, recordBytes, events, others, rounds, operations, pairs } =
    conditions;
  return [
    `${store} store, node ${node}, ${cpus} cores, ${fileSystem}; a record takes ${recordBytes} bytes`,
    `short log: ${events.few} events, long log: ${events.many} events; large ledger: the short log among ${others.events} events in ${others.missions} missions`,
    "",
    `Warm, in one process: ${rounds} rounds of ${operations}, taking turns. F is write + fdatasync of the same bytes.`,
    "",
    ...aligned([
      ["", "p50 ms", "× F", "p99 ms", "× F's p99", "best p50 ms"],
      ...Object.entries(warm).map(([name, { p50, p99, best }]) => [
        name,
        ms(p50),
        times(p50 / floor.p50),
        ms(p99),
        times(p99 / floor.p99),
        ms(best),
      ]),
    ]),
    "",
    `Cold, a process each: ${pairs} of every kind, taking turns.`,
    "",
    ...aligned([
      ["", "p50 ms", "× empty", "p99 ms"],
      ...[
        ["empty node (node -e 0)", cold.empty],
        ["mled wp move, short log", cold.few],
        ["mled wp move, long log", cold.many],
        ["mled wp move, short log in a large ledger", cold.crowded],
      ].map(([name, { p50, p99 }]) => [name, ms(p50), times(p50 / cold.empty.p50), ms(p99)]),
    ]),
    "",
    ...goalsAtMost(goals),
    "",
  ].join("\n");
};
