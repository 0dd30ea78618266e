/**
 * `pnpm bench transitions --store <esdb URL>`, or `--store wire`: what a transition with its proof costs on a server, beside a bare
 * append and a bare read of the same event through the same client, all in one run and taking turns.
 */
import os from "node:os";
import { describeAddress, openGateway, parseAddress } from "@mission-ledger/store-eventstoredb";
import { openBareClient } from "./bare-client.mjs";
import { growMission, openBenchLedger, slug, transitions } from "./missions.mjs";
import { aligned, goalsAtMost, ms, times } from "./report.mjs";
import { takeTurns } from "./statistics.mjs";
import { serverFor, withLedger } from "./wire-process.mjs";

const store = "eventstoredb";
const bareAppend = "bare append";
const bareRead = "bare read";
const bareBoth = "bare append, then bare read";
const small = "warm transition, short log";
const large = "warm transition, long log";
const named = "warm transition, short log, command id of the caller";

/**
 * @param {{ store: string, rounds: number, operations: number, events: readonly [number, number], say: (text: string) => void }} options
 */
export const measureOnServer = async ({ store: asked, rounds, operations, events: [few, many], say }) => {
  const server = await serverFor(asked);
  const run = `bench_${crypto.randomUUID().slice(0, 8)}`;
  const place = (name) => withLedger(server.url, `${run}_${name}`);
  try {
    say(`growing logs of ${few} and ${many} events`);
    const grown = {
      few: await growMission(store, place("few"), few),
      named: await growMission(store, place("named"), few),
      many: await growMission(store, place("many"), many),
    };
    const event = await lastEvent(place("few"), `${run}_few_mission-${slug}`);
    const bare = openBareClient({ url: server.url, stream: `${run}_bare-1`, event });
    await bare.append();
    say(`${rounds} rounds of ${operations} operations each`);
    const ledgers = [];
    for (const name of ["few", "many", "named"])
      ledgers.push(await openBenchLedger({ store, directory: place(name) }));
    const moves = ledgers.map(transitions);
    const warm = await takeTurns(
      {
        [bareAppend]: bare.append,
        [bareRead]: bare.read,
        [bareBoth]: bare.both,
        [small]: moves[0].unnamed,
        [large]: moves[1].unnamed,
        [named]: moves[2].named,
      },
      { rounds, operations },
    );
    for (const ledger of ledgers) await ledger.close();
    await bare.close();
    const floor = warm[bareAppend].p50 + warm[bareRead].p50;
    const goal = (name, ratio, limit) => ({ name, ratio, limit, met: ratio <= limit });
    return {
      bench: "transitions",
      conditions: {
        store: asked === "wire" ? "wire" : describeAddress(parseAddress(asked)),
        node: process.version,
        cpus: os.cpus().length,
        eventBytes: Buffer.byteLength(JSON.stringify(event.data) + JSON.stringify(event.metadata)),
        events: grown,
        rounds,
        operations,
      },
      warm,
      floor: { p50: floor },
      goals: [
        goal("warm transition p50 / bare append + bare read", warm[small].p50 / floor, 1.15),
        goal("the same with a command id of the caller", warm[named].p50 / floor, 1.15),
        goal("warm, long log / short log", warm[large].p50 / warm[small].p50, 1.1),
      ],
    };
  } finally {
    await server.close();
  }
};

/** As it stands on the server, so that the floor carries the same bytes. */
const lastEvent = async (url, stream) => {
  const gateway = await openGateway({ url });
  try {
    const read = await gateway.readRange({ stream, from: "end", direction: "backwards", maxCount: 1 });
    if (read._tag === "Missing") throw new Error(`${stream} is not on the server`);
    const [{ type, data, metadata }] = read.events;
    return { type, data, metadata };
  } finally {
    await gateway.close();
  }
};

export const renderOnServer = ({ conditions, warm, floor, goals }) => {
  const { store: of, node, cpus, eventBytes, events, rounds, operations } = conditions;
  return [
    `${of}, node ${node}, ${cpus} cores; an event takes ${eventBytes} bytes`,
    `short log: ${events.few} events, long log: ${events.many} events`,
    "",
    `Warm, in one process: ${rounds} rounds of ${operations}, taking turns. F is a bare append and a bare read of the same event.`,
    "",
    ...aligned([
      ["", "p50 ms", "× F", "p99 ms", "best p50 ms"],
      ...Object.entries(warm).map(([name, { p50, p99, best }]) => [
        name,
        ms(p50),
        times(p50 / floor.p50),
        ms(p99),
        ms(best),
      ]),
    ]),
    "",
    ...goalsAtMost(goals),
    "",
  ].join("\n");
};
