/** Ledgers to measure: one mission of some work packages, with as many events in its log as are asked for. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { emptyHead } from "@mission-ledger/core";
import { ledgerOver } from "@mission-ledger/core/mission";
import { fileSnapshots, nodeFiles, openFileStore } from "@mission-ledger/store-file";

export const slug = "bench";
export const actor = "agent:bench";
/** Moved by cold commands alone, so that the others stand where the warm rounds expect them. */
export const coldPackage = "WP00";
const packages = Array.from({ length: 12 }, (_, index) => `WP${String(index + 1).padStart(2, "0")}`);

/** @param {{ directory: string, flush?: boolean, actor?: string }} options without `flush`, for logs that are only to be measured */
export const openBenchLedger = async ({ directory, flush = true, actor: by = actor }) => {
  const files = flush ? nodeFiles : { ...nodeFiles, fdatasync: () => {}, fsync: () => {} };
  const store = await openFileStore({ directory, files });
  return ledgerOver({ store, snapshots: fileSnapshots({ directory }), actor: by });
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
export const growMission = async (directory, events) => {
  const ledger = await openBenchLedger({ directory, flush: false });
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

/** The last record of the mission's log, LF included. */
export const lastRecord = (directory) => {
  const log = readFileSync(path.join(directory, "log", `mission-${slug}.jsonl`));
  return log.subarray(log.lastIndexOf(0x0a, log.length - 2) + 1);
};
