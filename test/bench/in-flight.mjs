/** Many commands in flight in one process against one by one: with whole commands, and with bare appends that are read back. */
import { digestOf, emptyHead, sealCommit } from "@mission-ledger/core";
import { stores } from "../stores/index.mjs";
import { checkLogs } from "./crowd.mjs";
import { growMission, openBenchLedger, slug } from "./missions.mjs";

/** Runs `count` of `one`, at most `width` under way at a time; answers how many a second. */
const rateOf = async (one, count, width) => {
  let left = count;
  const lane = async () => {
    while (left-- > 0) await one();
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: width }, lane));
  return (1000 * count) / (performance.now() - begun);
};

/** Alternates one by one and `width` in flight, so that a noisy minute hurts both. */
const compare = async (one, { rounds, count, width }) => {
  const rates = { single: [], crowd: [] };
  for (let round = -1; round < rounds; round += 1) {
    const single = await rateOf(one, Math.ceil(count / 8), 1);
    const crowd = await rateOf(one, count, width);
    if (round < 0) continue; // the first round warms up
    rates.single.push(single);
    rates.crowd.push(crowd);
  }
  return rates;
};

const wholeCommands = async (name, directory, size) => {
  await growMission(name, directory, 200);
  const ledger = await openBenchLedger({ store: name, directory });
  const mission = ledger.mission(slug);
  const eventIds = [];
  const note = async () => {
    const receipt = await mission.execute({
      type: "AddNote",
      workPackageId: "WP01",
      text: "a note among many",
    });
    if (receipt.readback !== "verified") throw new Error("a command was not read back");
    eventIds.push(...receipt.eventIds);
  };
  const notes = await compare(note, size);
  let titles = 0;
  const revise = async () => {
    titles += 1;
    const receipt = await mission.execute({
      type: "ReviseWorkPackage",
      workPackageId: `WP${String(1 + (titles % 12)).padStart(2, "0")}`,
      title: `Title ${titles}`,
    });
    if (receipt.readback !== "verified") throw new Error("a command was not read back");
    eventIds.push(...receipt.eventIds);
  };
  const revisions = await compare(revise, size);
  await ledger.close();
  await checkLogs(name, directory, [mission.stream], [{ eventIds }]);
  return { notes, revisions };
};

const bareAppends = async (name, directory, size) => {
  const { open, placeIn } = stores[name];
  const store = await open(placeIn(directory));
  const stream = "mission-bare";
  let head = emptyHead;
  let number = 0;
  const eventIds = [];
  const one = async () => {
    const commandId = `bare-${number++}`;
    const context = {
      stream,
      commandId,
      commandDigest: digestOf(commandId),
      recordedAt: "2026-01-02T03:04:05.678Z",
      actor: "agent:bench",
    };
    const events = [{ type: "Noted", version: 1, data: { text: "a note among many" } }];
    const seal = (on) => sealCommit(on, context, events);
    // As the kernel does: each is sealed on the one before it, which may still be on its way.
    const on = head;
    const commit = seal(on);
    const last = commit.events[0];
    head = { revision: last.revision, digest: last.digest };
    const appended = await store.append({
      commit,
      expected: on.revision < 0 ? "no_stream" : on.revision,
      hasFreshId: true,
    });
    if (appended._tag === "Conflict") throw new Error("a conflict although nobody else writes");
    const events_ = await store.readBack(appended);
    if (!Array.isArray(events_)) throw new Error("an append was not read back");
    eventIds.push(last.id);
  };
  const rates = await compare(one, size);
  await store.close();
  await checkLogs(name, directory, [stream], [{ eventIds }]);
  return rates;
};

/** @returns rates a second, one for each round */
export const measureInFlight = async (name, inScratch, size) => {
  const { notes, revisions } = await wholeCommands(name, inScratch("in-flight"), size);
  const appends = await bareAppends(name, inScratch("in-flight-bare"), size);
  return {
    "whole commands (notes)": notes,
    "whole commands (revisions)": revisions,
    "appends that are read back": appends,
  };
};
