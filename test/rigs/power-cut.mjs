/** F03: the power goes while writers append to a log or a database, on ext4 and xfs in loop files; then what was acknowledged is looked for. */
import { fork } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { inspectStream, repairStream } from "@mission-ledger/store-file";
import { seededRandomness } from "@mission-ledger/testkit";
import { stores } from "../stores/index.mjs";
import { judge } from "./kill/referee.mjs";
import { missingFor, openFileSystem } from "./power/file-systems.mjs";

const kinds = ["ext4", "xfs"];
const streams = ["storm-a", "storm-b"];
const writers = 3;
/** Then everybody comes to an end, the logs are judged whole, and a new ledger begins. */
const cutsPerLedger = 25;
const longestMs = 40;
const mostControlCuts = 3;

const openCrew = (storeName, flushes) => {
  const promised = new Map();
  const failures = [];
  const codes = {};
  const count = (code) => {
    codes[code] = (codes[code] ?? 0) + 1;
  };
  let acknowledged = () => {};
  let isOver = false;
  const crew = Array.from({ length: writers }, (_, index) => ({
    name: `w${index}`,
    stream: streams[index % streams.length],
    child: undefined,
    isNew: true,
    /** Where a writer begins that takes the place of one that died. */
    next: 0,
    closed: () => {},
  }));
  const hear = (member, line) => {
    if (line._tag === "Done") {
      const before = promised.get(line.commandId);
      if (before !== undefined) failures.push(`${line.commandId} was acknowledged twice`);
      if (line.readback !== "verified")
        failures.push(`${line.commandId} was acknowledged as ${line.readback}`);
      promised.set(line.commandId, line);
      member.next = Number(line.commandId.split(":")[1]) + 1;
      acknowledged();
    }
    if (line._tag === "Down") count(`${line.code} ${line.outcome ?? ""}`);
    if (line._tag === "Failed") failures.push(`a writer was told: ${line.message}`);
    if (line._tag === "Closed") member.closed();
  };
  /** The kernel ends a process that looks at a mapped page of a disk that is gone: SQLite maps its `-shm`. Another takes its place. */
  const bury = (member, code, signal) => {
    if (isOver) return;
    if (signal === "SIGBUS") count("died of SIGBUS");
    else failures.push(`writer ${member.name} ended with ${signal ?? code}`);
    start(member);
    member.closed();
  };
  const start = (member) => {
    const program = new URL("power/writer.mjs", import.meta.url);
    member.isNew = true;
    member.child = fork(program, [storeName, member.stream, member.name, flushes], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    member.child.on("message", (line) => hear(member, line));
    member.child.once("close", (code, signal) => bury(member, code, signal));
  };
  for (const member of crew) start(member);
  return {
    promised,
    failures,
    codes,
    /** Sends all to work; answers when one was acknowledged, and when all have stopped. */
    go: (place, order, first) => {
      const begun = new Promise((resolve) => {
        acknowledged = resolve;
      });
      const over = Promise.all(
        crew.map(
          (member) =>
            new Promise((resolve) => {
              member.closed = resolve;
              if (first !== undefined) member.next = first;
              member.child.send({ order, place, first: member.isNew ? member.next : first });
              member.isNew = false;
            }),
        ),
      );
      return { begun, over };
    },
    close: () => {
      isOver = true;
      for (const { child } of crew) child.disconnect();
    },
  };
};

/** What was acknowledged and is not there, or not there as it was. */
const lostOf = async ({ open }, place, promised) => {
  const store = await open(place);
  const found = new Map();
  for (const stream of streams)
    for await (const batch of store.read(stream))
      for (const { commandId, revision, id } of batch) {
        const entry = found.get(commandId) ?? { ids: [], last: revision };
        entry.ids.push(id);
        entry.last = revision;
        found.set(commandId, entry);
      }
  await store.close();
  return [...promised.values()].filter(({ commandId, revision, eventIds }) => {
    const there = found.get(commandId);
    return there?.last !== revision || there.ids.join() !== eventIds.join();
  });
};

/**
 * A record that nobody was told of may come back without its line feed, and looks like one whose line feed was damaged. What
 * its log needs then is what a person is told to do; that nothing acknowledged goes with it is asked afterwards.
 */
const mend = async (directory) => {
  let mended = 0;
  for (const stream of streams) {
    if (inspectStream({ directory, stream, digests: false }).findings.length === 0) continue;
    await repairStream({ directory, stream, acceptLoss: true });
    mended += 1;
  }
  return mended;
};

const mkdir = (parent, name) => {
  const folder = path.join(parent, name);
  mkdirSync(folder);
  return folder;
};

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Cuts the power so often; answers how often it was, and what was lost. */
const cutPower = async ({ fileSystem, under, place, crew, cuts, fraction, isOver }) => {
  for (let done = 0; done < cuts; done += 1) {
    if (isOver()) return { done, lost: [] };
    const { begun, over } = crew.go(place, "go", undefined);
    await Promise.race([begun, over]);
    await pause(fraction() * longestMs);
    await fileSystem.cut();
    await over;
    await fileSystem.remount();
    if (under.name === "file")
      crew.codes["left for repair"] = (crew.codes["left for repair"] ?? 0) + (await mend(place));
    const lost = await lostOf(under, place, crew.promised);
    if (lost.length > 0 || crew.failures.length > 0) return { done: done + 1, lost };
  }
  return { done: cuts, lost: [] };
};

/** One ledger on one file system. */
const storm = async ({ kind, under, scratch, flushes, cuts, fraction, isOver }) => {
  const fileSystem = openFileSystem(kind, scratch);
  const crew = openCrew(under.name, flushes);
  const { failures, promised, codes } = crew;
  let done = 0;
  try {
    for (let ledger = 0; done < cuts && failures.length === 0 && !isOver(); ledger += 1) {
      const place = under.placeIn(mkdir(fileSystem.mounted, `ledger-${ledger}`));
      promised.clear();
      // Each ledger begins at the first step again, and with a writer's answer, so that its directory is there.
      const made = crew.go(place, "finish", 0);
      await made.over;
      const round = await cutPower({
        fileSystem,
        under,
        place,
        crew,
        cuts: Math.min(cutsPerLedger, cuts - done),
        fraction,
        isOver,
      });
      done += round.done;
      if (round.lost.length > 0)
        return { done, codes, failures, lost: round.lost.map(({ commandId }) => commandId) };
      await crew.go(place, "finish", undefined).over;
      const store = await under.open(place);
      const verdict = await judge({
        store,
        inspect: (all) => under.inspect(place, all),
        streams,
        promised,
      });
      await store.close();
      failures.push(...verdict.failures);
    }
    return { done, codes, failures, lost: [] };
  } finally {
    crew.close();
    fileSystem.close();
  }
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "F03",
  name: "power-cut",
  title: "power cuts on ext4 and xfs, file store and SQLite",
  unit: "power cuts",
  perPush: 40,
  longRun: 4_000,
  skip: () => missingFor("mkfs.xfs", "python3"),
  run: async ({ goal, deadline, seed, scratch, note }) => {
    const { fraction } = seededRandomness(seed);
    const figures = {};
    const failures = [];
    const grounds = kinds.flatMap((kind) => Object.values(stores).map((under) => ({ kind, under })));
    let done = 0;
    for (const [index, { kind, under }] of grounds.entries()) {
      const name = `${under.name} on ${kind}`;
      const shareMs = (deadline - performance.now()) / (grounds.length - index);
      const end = performance.now() + shareMs;
      const isOver = () => performance.now() > end;
      const common = { kind, under, fraction, isOver };
      const control = await storm({
        ...common,
        scratch: mkdir(scratch, `${under.name}-${kind}-control`),
        flushes: "no",
        cuts: mostControlCuts,
      });
      figures[`${name} without flush`] = `lost ${control.lost.length} in ${control.done} cuts`;
      if (control.lost.length === 0)
        failures.push(`${name}: a store that does not flush lost nothing in ${control.done} cuts`);
      const begun = performance.now();
      const result = await storm({
        ...common,
        scratch: mkdir(scratch, `${under.name}-${kind}`),
        flushes: "yes",
        cuts: goal / grounds.length,
      });
      done += result.done;
      failures.push(...result.failures.map((failure) => `${name}: ${failure}`));
      for (const commandId of result.lost)
        failures.push(`${name}: ${commandId} was acknowledged and is gone`);
      for (const [code, count] of Object.entries(result.codes)) figures[`${name} ${code}`] = count;
      figures[`${name} cuts/min`] = Math.round((result.done / (performance.now() - begun)) * 60_000);
      note(`${name}: ${result.done} cuts`);
    }
    return { done, failures, figures };
  },
};
