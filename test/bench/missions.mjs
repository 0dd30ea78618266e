/** Ledgers to measure: one mission of some work packages, with as many events in its log as are asked for. */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { copyLedger, emptyHead } from "@mission-ledger/core";
import { ledgerOver } from "@mission-ledger/core/mission";
import { storeNamed, stores } from "../stores/index.mjs";
import { generateLedger } from "./generate-ledger.mjs";

export const slug = "bench";
export const actor = "agent:bench";
/** Moved by cold commands alone, so that the others stand where the warm rounds expect them. */
export const coldPackage = "WP00";
const packages = Array.from({ length: 12 }, (_, index) => `WP${String(index + 1).padStart(2, "0")}`);

/** What makes a store quick to fill, for ledgers that are only to be measured. */
const withoutFlush = {
  file: async () => {
    const { nodeFiles } = await import("@mission-ledger/store-file");
    return { files: { ...nodeFiles, fdatasync: () => {}, fsync: () => {} } };
  },
  sqlite: async () => {
    const { neverFlushes } = await import("../stores/broken-drivers.mjs");
    return { loadDriver: () => neverFlushes };
  },
};

/** @param {{ store: "file" | "sqlite" | "eventstoredb", directory: string, flush?: boolean, actor?: string }} options without `flush`, for ledgers that are only to be measured; of a server, its address for `directory` */
export const openBenchLedger = async ({ store: name, directory, flush = true, actor: by = actor }) => {
  const { open, placeIn = (address) => address, snapshots } = storeNamed(name);
  const place = placeIn(directory);
  const store = await open(place, flush ? {} : await withoutFlush[name]?.());
  const kept = await snapshots(place);
  const ledger = ledgerOver({ store, snapshots: kept, actor: by });
  const close = async () => {
    await ledger.close();
    kept.close?.();
  };
  return { ...ledger, close };
};

/** How the command line is told of a ledger in a folder. */
export const addressIn = (name, directory) => `${name}:${stores[name].placeIn(directory)}`;

/** Fills a folder with about `events` events of others, in `missions` missions. */
export const growOthers = async (name, directory, { events, missions }) => {
  if (name === "file") return generateLedger({ directory, events, missions });
  const { fileTransfer } = await import("@mission-ledger/store-file");
  const { sqliteTransfer } = await import("@mission-ledger/store-sqlite");
  const written = path.join(directory, "as-files");
  mkdirSync(written);
  const made = await generateLedger({ directory: written, events, missions });
  const from = fileTransfer({ directory: written });
  const to = sqliteTransfer({ path: stores[name].placeIn(directory), ...(await withoutFlush[name]()) });
  const { equal } = await copyLedger({ from, to });
  await from.close();
  await to.close();
  if (!equal) throw new Error("what was copied is not what was generated");
  rmSync(written, { recursive: true });
  return made;
};

/**
 * One transition after the other, each one command, one event, one record: every package in turn is blocked, and in the
 * next turn unblocked. `named` brings a command id of its own, as whoever wants to retry does; `unnamed` lets the ledger
 * make one.
 */
export const transitions = (ledger) => {
  const mission = ledger.mission(slug);
  let index = -1;
  let blocking = false;
  const next = async (options) => {
    index = (index + 1) % packages.length;
    if (index === 0) blocking = !blocking;
    const move = blocking
      ? { to: "blocked", reason: "waits for the other team" }
      : { to: "planned", reason: "the other team delivered" };
    const receipt = await mission.execute(
      { type: "MoveWorkPackage", workPackageId: packages[index], ...move },
      options,
    );
    if (receipt.readback !== "verified") throw new Error("a transition was not read back");
  };
  return { named: () => next({ commandId: crypto.randomUUID() }), unnamed: () => next({}) };
};

/** Fills a directory with a mission of exactly `events` events, or a few more so that every package stands in the plan. */
export const growMission = async (name, directory, events) => {
  const ledger = await openBenchLedger({ store: name, directory, flush: false });
  const mission = ledger.mission(slug);
  await mission.execute({
    type: "CreateMission",
    slug,
    title: "A mission to measure",
    missionId: crypto.randomUUID(),
    dependencyMetAt: "approved",
  });
  const planned = [coldPackage, ...packages].map((workPackageId) => ({
    workPackageId,
    title: `Work package ${workPackageId}`,
    dependsOn: [],
    owns: [`src/${workPackageId.toLowerCase()}/**`],
    subtasks: [],
    executionLane: null,
  }));
  const { revision } = await mission.execute({ type: "AddWorkPackages", workPackages: planned });
  const move = transitions(ledger).named;
  const turn = 2 * packages.length;
  const moves = Math.ceil((events - revision - 1) / turn) * turn;
  for (let count = 0; count < moves; count += 1) await move();
  const head = await ledger.store.head(mission.stream);
  await ledger.close();
  return (head ?? emptyHead).revision + 1;
};

/** The last record of the mission's log in the file store, LF included. */
export const lastRecord = (directory) => {
  const log = readFileSync(path.join(directory, "log", `mission-${slug}.jsonl`));
  return log.subarray(log.lastIndexOf(0x0a, log.length - 2) + 1);
};
