/**
 * F13: clocks that stand still or jump a year either way between any commands, several writers whose clocks disagree, and
 * eight processes a year and more apart. Time is a label: it decides leases, by the clock of whoever asks, and nothing else.
 */
import { spawn, spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { checkLink, memorySnapshots, openMemoryStore, timestamp } from "@mission-ledger/core";
import { board, claims, ledgerOver, mission, ready } from "@mission-ledger/core/mission";
import { inspectStream, nodeFiles, openFileStore } from "@mission-ledger/store-file";
import { actors, nextRequest, planned } from "./inputs/mission-requests.mjs";
import { seeded } from "./inputs/seeded.mjs";

const year = 365 * 24 * 3_600_000;
const start = Date.parse("2026-01-01T00:00:00.000Z");
const worker = fileURLToPath(new URL("inputs/clock-worker.mjs", import.meta.url));

/** Power cuts are other rigs' subject; without flushes there is time for more histories. */
const unflushed = { ...nodeFiles, fdatasync: () => {}, fsync: () => {} };

/** One history by writers with clocks of their own; the model decides on what each clock said. */
const history = async (chance, directory, counted) => {
  const writers = 1 + chance.below(4);
  const offsets = Array.from({ length: writers }, () =>
    chance.pick([0, 0, -year, year, 3_600_000, -10 * year]),
  );
  let now = start;
  let jump = 0;
  const memory = directory === undefined ? openMemoryStore() : undefined;
  const snapshots = memorySnapshots();
  const ledgers = await Promise.all(
    offsets.map(async (offset) => {
      const clock = { now: () => now + jump + offset };
      const store = memory ?? (await openFileStore({ directory, files: unflushed, clock }));
      return ledgerOver({ store, snapshots, snapshotEvery: 4, clock, actor: "ana" });
    }),
  );
  let state = mission.initial;
  let [position, head] = ["", { revision: -1, digest: null }];
  const expected = [];
  /** Runs a request and holds it against the decider, which knows nothing of stores. */
  const run = async (actor, request) => {
    const which = chance.below(ledgers.length);
    const ledger = ledgers[which];
    const at = timestamp(ledger.clock.now());
    const decided = mission.decide({ ...request, actor, at }, state);
    const outcome = await ledger.mission("m1").attempt(request, { actor })();
    counted();
    if (decided._tag === "Left")
      return outcome._tag === "Left" && outcome.left._tag === decided.left._tag
        ? undefined
        : `refused ${decided.left._tag} by the model, not by the ledger: ${JSON.stringify(outcome)}`;
    if (outcome._tag === "Left") return `the ledger refused: ${JSON.stringify(outcome.left)}`;
    state = decided.right.reduce(mission.evolve, state);
    const receipt = outcome.right;
    if (JSON.stringify(receipt.state) !== JSON.stringify(state))
      return "the receipt's state is not the model's";
    if (decided.right.length === 0) return undefined;
    if (receipt.position <= position) return `position ${receipt.position} does not rise over ${position}`;
    position = receipt.position;
    for (const _ of decided.right) expected.push(at);
    return undefined;
  };
  const begin = [
    { type: "CreateMission", slug: "m1", title: "Clocks", missionId: "m1", dependencyMetAt: "approved" },
    { type: "AddWorkPackages", workPackages: planned },
  ];
  try {
    for (const request of begin) {
      const wrong = await run("ana", request);
      if (wrong !== undefined) return wrong;
    }
    for (let left = 6 + chance.below(30); left > 0; left -= 1) {
      // Frozen, on, a year on, a year back, back to the true time.
      now += chance.pick([0, 0, 1_000, 120_000, 7_200_000]);
      jump = chance.pick([jump, jump, jump, 0, year, -year, jump + year, jump - year]);
      const { actor, request } = nextRequest(chance, state);
      const wrong =
        (await run(actor, request)) ?? (chance.chance(20) ? await leases(chance, ledgers, state) : undefined);
      if (wrong !== undefined) return `${JSON.stringify(request)} by ${actor}: ${wrong}`;
    }
    const [reader] = ledgers;
    const at = [];
    let last = "";
    for await (const batch of reader.store.readAll())
      for (const event of batch) {
        if (checkLink(head, event) !== undefined) return `the chain breaks at revision ${event.revision}`;
        if (event.position <= last) return "the order of the whole log goes back";
        [head, last] = [event, event.position];
        at.push(event.recordedAt);
      }
    if (at.join() !== expected.join()) return "a time was recorded that no clock said";
    for (const view of [board, ready, claims]) {
      const [live, rebuilt] = [
        await reader.mission("m1").view(view),
        await reader.mission("m1").view(view, { fromStart: true }),
      ];
      if (JSON.stringify(live) !== JSON.stringify({ ...rebuilt, head: live.head }))
        return `${view.name} differs from its rebuild`;
    }
    return undefined;
  } finally {
    for (const ledger of ledgers) await ledger.close();
  }
};

/** A claim is dead for whom it ended by their own clock, and alive for everybody else. */
const leases = async (chance, ledgers, state) => {
  const held = Object.values(state.workPackages).find(({ claim }) => claim !== null && claim !== undefined);
  if (held === undefined) return undefined;
  const ledger = chance.pick(ledgers);
  const over = ledger.clock.now() >= Date.parse(held.claim.expiresAt);
  const request = { type: "RecoverClaim", workPackageId: held.id, reason: "asked" };
  const decided = mission.decide({ ...request, actor: "dee", at: timestamp(ledger.clock.now()) }, state);
  const granted = decided._tag === "Right";
  return granted === over
    ? undefined
    : `the lease ends ${held.claim.expiresAt}, the clock says ${timestamp(ledger.clock.now())}, and recovery is ${granted ? "granted" : "refused"}`;
};

const faketime = () => spawnSync("faketime", ["--version"], { stdio: "ignore" }).status === 0;

/** Eight processes whose clocks are years apart write to one mission; nothing is lost, and the log's order is the receipts'. */
const processes = async (scratch, count) => {
  const directory = path.join(scratch, "processes");
  const ledger = ledgerOver({ store: await openFileStore({ directory }), actor: "ana" });
  await ledger.mission("m1").execute({
    type: "CreateMission",
    slug: "m1",
    title: "Clocks",
    missionId: "m1",
    dependencyMetAt: "approved",
  });
  await ledger.mission("m1").execute({ type: "AddWorkPackages", workPackages: planned });
  const faked = faketime();
  const offsets = [0, year, -year, 10 * year, -10 * year, 3_600_000, -3_600_000, 1];
  const runs = await Promise.all(
    offsets.map(
      (offset, index) =>
        new Promise((resolve, reject) => {
          // Half of them under the library's nose where faketime is there, the others by the clock port.
          const outside = faked && index % 2 === 1;
          const parameters = [
            worker,
            directory,
            `w${index}`,
            String(count),
            outside ? "system" : String(offset),
          ];
          const child = outside
            ? spawn(
                "faketime",
                [
                  "-f",
                  `${offset < 0 ? "" : "+"}${Math.round(offset / 1_000)}s`,
                  process.execPath,
                  ...parameters,
                ],
                { stdio: ["ignore", "pipe", "inherit"] },
              )
            : spawn(process.execPath, parameters, { stdio: ["ignore", "pipe", "inherit"] });
          let text = "";
          child.stdout.on("data", (chunk) => {
            text += chunk;
          });
          child.once("error", reject);
          child.once("close", (code) =>
            resolve({
              code,
              receipts: text
                .trim()
                .split("\n")
                .map((line) => JSON.parse(line)),
            }),
          );
        }),
    ),
  );
  const failures = runs.flatMap(({ code, receipts }, index) =>
    code === 0 && receipts.length === count
      ? []
      : [`process ${index} ended with ${code} after ${receipts.length} of ${count}`],
  );
  const inLog = new Map();
  let last = "";
  for await (const batch of ledger.store.readAll())
    for (const { commandId, revision, position } of batch) {
      if (position <= last) failures.push("the order of the whole log goes back");
      last = position;
      if (inLog.has(commandId) && commandId.startsWith("w"))
        failures.push(`${commandId} is in the log twice`);
      inLog.set(commandId, { revision, position });
    }
  for (const { receipts } of runs)
    for (const { commandId, revision, position } of receipts) {
      const found = inLog.get(commandId);
      if (found?.revision !== revision || found.position !== position)
        failures.push(`${commandId} was acknowledged and is not there`);
    }
  await ledger.close();
  const report = inspectStream({ directory, stream: "mission-m1" });
  if (report.findings.length + report.brokenLinks.length > 0) failures.push("the log has findings");
  const apart = runs.flatMap(({ receipts }) => receipts.map(({ now }) => now));
  return {
    failures,
    done: runs.reduce((sum, { receipts }) => sum + receipts.length, 0),
    figures: {
      faketime: faked ? "4 of 8 processes" : "not installed: clock port only",
      yearsApart: Math.round((Math.max(...apart) - Math.min(...apart)) / year),
    },
  };
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F13",
  name: "clocks",
  title: "clocks that jump, stand still and disagree",
  unit: "commands",
  perPush: 10_000,
  longRun: 1_000_000,
  run: async ({ goal, deadline, seed, scratch }) => {
    const apart = await processes(scratch, 25);
    const failures = [...apart.failures];
    let [done, histories] = [apart.done, 0];
    for (; failures.length === 0 && done < goal && performance.now() < deadline; histories += 1) {
      const directory = histories % 3 === 0 ? path.join(scratch, `h${histories}`) : undefined;
      const wrong = await history(seeded(seed, histories), directory, () => {
        done += 1;
      }).catch((error) => `untyped error: ${error instanceof Error ? error.stack : String(error)}`);
      if (wrong !== undefined) failures.push(`seed ${seed} history ${histories}: ${wrong}`);
    }
    return {
      done,
      failures,
      figures: { histories, actors: actors.length, inProcesses: apart.done, ...apart.figures },
    };
  },
};
