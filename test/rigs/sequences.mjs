/**
 * Z9: sequences of commands against the model, with faults of the disk, other writers and new processes between them; and
 * two to five commands at once under fast-check's scheduler, whose answers must be explained by some order.
 */
import { constants } from "node:fs";
import path from "node:path";
import {
  commandHandler,
  isStoreFault,
  memorySnapshots,
  openMemoryStore,
  StoreFault,
} from "@mission-ledger/core";
import { nodeFiles, openFileStore } from "@mission-ledger/store-file";
import { counter, counterCodec } from "@mission-ledger/testkit";
import fc from "fast-check";
import { isLinearizable } from "./inputs/linearizable.mjs";
import { seeded } from "./inputs/seeded.mjs";

const stream = "counter-c1";
const at = "2026-01-02T03:04:05.678Z";

const commandOf = (chance) =>
  chance.weighted([
    [60, () => ({ type: "Add", at, amount: 1 + chance.below(14) })],
    [25, () => ({ type: "Reach", at, total: chance.below(120) })],
    [3, () => ({ type: "Close", at })],
    [1, () => ({ type: "Add", at, amount: 600 })],
  ])();

const contentOf = ({ at: _, ...content }) => JSON.stringify(content);

/** What the model says a command comes to. */
const expectedOf = (model, { command, commandId, expectedRevision }) => {
  const earlier = model.commands.get(commandId);
  if (earlier !== undefined)
    return earlier.content === contentOf(command)
      ? { _tag: "Repeated", ...earlier }
      : { _tag: "Fault", code: "COMMAND_ID_REUSED" };
  if (expectedRevision !== undefined && expectedRevision !== model.revision) return { _tag: "Conflict" };
  const decided = counter.decide(command, model.state);
  if (decided._tag === "Left") return { _tag: "Refused", refusal: decided.left };
  if (decided.right.length === 0) return { _tag: "Nothing" };
  return {
    _tag: "Written",
    revision: model.revision + decided.right.length,
    state: decided.right.reduce(counter.evolve, model.state),
    events: decided.right.length,
  };
};

const learn = (model, { command, commandId }, { revision, state }) => {
  model.revision = revision;
  model.state = state;
  model.commands.set(commandId, { content: contentOf(command), revision });
};

const answerOf = (outcome) => {
  if (outcome._tag === "Right") {
    const { readback, repeated, revision, state, eventIds } = outcome.right;
    if (readback === "nothing_written") return { _tag: "Nothing", revision, state };
    return { _tag: repeated ? "Repeated" : "Written", revision, state, events: eventIds.length };
  }
  const reason = outcome.left;
  if (isStoreFault(reason)) return { _tag: "Fault", code: reason.code, outcome: reason.outcome };
  return reason._tag === "Conflict" ? { _tag: "Conflict" } : { _tag: "Refused", refusal: reason };
};

const differs = (expected, answer) => {
  if (expected._tag !== answer._tag)
    return `expected ${JSON.stringify(expected)}, got ${JSON.stringify(answer)}`;
  if (expected.revision !== undefined && expected.revision !== answer.revision)
    return `revision ${answer.revision}, not ${expected.revision}`;
  if (expected.state !== undefined && JSON.stringify(expected.state) !== JSON.stringify(answer.state))
    return `state ${JSON.stringify(answer.state)}`;
  if (expected.code !== undefined && expected.code !== answer.code)
    return `fault ${answer.code}, not ${expected.code}`;
  return JSON.stringify(expected.refusal) === JSON.stringify(answer.refusal)
    ? undefined
    : `refusal ${JSON.stringify(answer.refusal)}`;
};

/** The real disk without its flushes, which only power cuts tell from their absence, and with one fault at a time. */
const faultyFiles = () => {
  let armed;
  const files = Object.fromEntries(
    Object.entries(nodeFiles).map(([call, does]) => [
      call,
      (...parameters) => {
        if (armed !== undefined && armed.left-- === 0) {
          const { errno } = armed;
          armed = undefined;
          state.fired = call;
          if (call === "write" && errno === "SHORT")
            return does(
              parameters[0],
              parameters[1],
              parameters[2],
              Math.floor(parameters[3] / 2),
              parameters[4],
            );
          if (call !== "close" && call !== "unlock")
            throw Object.assign(new Error(`${errno}: injected`), { code: errno === "SHORT" ? "EIO" : errno });
        }
        return call === "fdatasync" || call === "fsync" ? undefined : does(...parameters);
      },
    ]),
  );
  const state = {
    files,
    fired: undefined,
    arm: (left, errno) => {
      state.fired = undefined;
      armed = { left, errno };
    },
    disarm: () => {
      armed = undefined;
    },
  };
  return state;
};

const errnos = ["ENOSPC", "EIO", "EACCES", "EMFILE", "EROFS", "ENOMEM", "SHORT"];

const handlerOver = (store, chance, snapshots) =>
  commandHandler({
    store,
    decider: counter,
    codec: counterCodec,
    snapshots,
    snapshotEvery: 8,
    randomness: { uuid: chance.uuid, fraction: chance.fraction },
  });

/** A log is what the model says: all events once, in order. */
const logDiffers = async (store, model) => {
  let [state, revision] = [counter.initial, -1];
  const ids = new Set();
  for await (const batch of store.read(stream))
    for (const event of batch) {
      if (event.revision !== revision + 1) return `revision ${event.revision} follows ${revision}`;
      revision = event.revision;
      ids.add(event.commandId);
      state = counter.evolve(state, counterCodec.decode(event).event);
    }
  if (revision !== model.revision || JSON.stringify(state) !== JSON.stringify(model.state))
    return `the log ends at ${revision} ${JSON.stringify(state)}, the model at ${model.revision} ${JSON.stringify(model.state)}`;
  return [...ids].sort().join() === [...model.commands.keys()].sort().join()
    ? undefined
    : "the log's commands are not the model's";
};

/** One history of commands on one store; answers what went wrong. */
const sequence = async (chance, { open, faults, counted }) => {
  const model = { state: counter.initial, revision: -1, commands: new Map() };
  const snapshots = memorySnapshots();
  let store = await open();
  const rival = await open();
  let handler = handlerOver(store, chance, snapshots);
  const asked = [];
  let suspect = false;
  try {
    for (let left = 4 + chance.below(12); left > 0 && !suspect; left -= 1) {
      if (faults !== undefined && chance.chance(8)) {
        await store.close();
        store = await open();
        handler = handlerOver(store, chance, snapshots);
      }
      const by = chance.chance(20) ? handlerOver(rival, chance, snapshots) : handler;
      const again = asked.length > 0 && chance.chance(15) ? chance.pick(asked) : undefined;
      const request =
        again === undefined
          ? { command: commandOf(chance), commandId: chance.uuid(), given: chance.chance(60) }
          : { ...again, given: true, ...(chance.chance(30) ? { command: commandOf(chance) } : {}) };
      const expectedRevision = chance.chance(15) ? model.revision - (chance.chance(40) ? 1 : 0) : undefined;
      const options = {
        actor: "a",
        // Where the caller gives no id, the handler takes its own; then nobody can ask again.
        ...(request.given ? { commandId: request.commandId } : {}),
        ...(expectedRevision === undefined || expectedRevision < 0 ? {} : { expectedRevision }),
      };
      const known = { ...request, expectedRevision: options.expectedRevision };
      const expected = expectedOf(model, known);
      if (faults !== undefined && chance.chance(30)) faults.arm(chance.below(40), chance.pick(errnos));
      const outcome = await by.attempt(stream, request.command, options)();
      const fired = faults?.fired;
      faults?.disarm();
      counted();
      let answer = answerOf(outcome);
      if (answer._tag === "Fault" && answer.code !== expected.code) {
        if (fired === undefined) return `a fault without a cause: ${JSON.stringify(answer)}`;
        if (
          fired === "fdatasync" ||
          fired === "fsync" ||
          answer.code === "DURABILITY_UNKNOWN" ||
          answer.code === "STORAGE_ERROR"
        )
          suspect = true;
        if (answer.outcome === "unknown") {
          // The same command id again, until the answer is definite; a suspect log has none until it was recovered.
          if (!request.given || suspect) {
            const ended = await settled(open, model, known, expected);
            if (ended !== undefined) return `after ${fired} failed: ${ended}`;
            return undefined;
          }
          answer = answerOf(await by.attempt(stream, request.command, options)());
          if (answer._tag === "Repeated" && expected._tag === "Written") {
            learn(model, known, { revision: expected.revision, state: expected.state });
            asked.push(request);
            continue;
          }
        } else if (suspect) {
          const ended = await settled(open, model, known, undefined);
          return ended === undefined ? undefined : `after ${fired} failed: ${ended}`;
        } else continue;
      }
      const wrong = differs(expected, answer);
      if (wrong !== undefined)
        return `${JSON.stringify(known)}${fired === undefined ? "" : ` with a failing ${fired}`}: ${wrong}`;
      if (answer._tag === "Written") {
        if (!request.given) known.commandId = outcome.right?.commandId ?? known.commandId;
        learn(model, known, expected);
        if (request.given) asked.push(request);
      }
    }
    const reader = await open();
    const wrong = await logDiffers(reader, model);
    await reader.close();
    return wrong;
  } finally {
    await store.close();
    await rival.close();
  }
};

/** Where the outcome stays unknown, the log holds the command or does not; anything else is wrong. */
const settled = async (open, model, known, expected) => {
  const reader = await open();
  try {
    const without = await logDiffers(reader, model);
    if (without === undefined || expected?._tag !== "Written") return without;
    const after = { ...model, commands: new Map(model.commands) };
    let commandId = known.commandId;
    for await (const batch of reader.read(stream)) commandId = batch.at(-1).commandId;
    learn(after, { ...known, commandId }, expected);
    return (await logDiffers(reader, after)) === undefined ? undefined : without;
  } finally {
    await reader.close();
  }
};

const unknownFault = (when) =>
  new StoreFault("STORE_UNAVAILABLE", `made up ${when}`, { outcome: "unknown", retryable: true });

/** Every call waits for its turn before and after; some answers get lost, with or without effect. */
const scheduled = (store, scheduler, chance, lossy) => {
  const turn = (label) => scheduler.schedule(Promise.resolve(), label);
  const wrap =
    (name) =>
    async (...parameters) => {
      await turn(name);
      const answer = await store[name](...parameters);
      await turn(`${name} answered`);
      return answer;
    };
  return {
    ...store,
    head: wrap("head"),
    findCommand: wrap("findCommand"),
    confirm: wrap("confirm"),
    append: async (request) => {
      await turn("append");
      if (lossy && chance.chance(10)) throw unknownFault("before the append");
      const answer = await store.append(request);
      if (lossy && chance.chance(10)) throw unknownFault("after the append");
      await turn("append answered");
      return answer;
    },
    readBack: async (appended) => {
      await turn("readBack");
      const answer = await store.readBack(appended);
      if (lossy && chance.chance(5)) throw unknownFault("after the readback");
      return answer;
    },
    read: async function* (...parameters) {
      await turn("read");
      for await (const batch of store.read(...parameters)) {
        yield batch;
        await turn("read on");
      }
    },
  };
};

const apply = (model, { command, answer }) => {
  const expected = expectedOf(model, { command, commandId: "" });
  const written =
    expected._tag === "Written" ? { ...model, state: expected.state, revision: expected.revision } : model;
  if (answer._tag === "Fault") return expected._tag === "Written" ? written : undefined;
  return differs(expected, answer) === undefined ? written : undefined;
};

/** Two to five clients at once, one to three commands each; the interleaving is the scheduler's. */
const concurrently = async (scheduler, seed, counted) => {
  const chance = seeded(seed);
  const store = openMemoryStore();
  const lossy = chance.chance(50);
  const operations = [];
  let moment = 0;
  const client = async () => {
    const handler = handlerOver(scheduled(store, scheduler, chance, lossy), chance, memorySnapshots());
    for (let left = 1 + chance.below(3); left > 0; left -= 1) {
      const command = commandOf(chance);
      const operation = {
        id: operations.length,
        command,
        called: moment++,
        returned: Number.POSITIVE_INFINITY,
        answer: { _tag: "Fault" },
      };
      operations.push(operation);
      const answer = answerOf(
        await handler.attempt(stream, command, { actor: "a", commandId: chance.uuid() })(),
      );
      counted();
      operation.answer = answer;
      if (answer._tag !== "Fault") operation.returned = moment++;
      else if (answer.outcome !== "unknown") throw new Error(`a fault without a cause: ${answer.code}`);
    }
  };
  const clients = Array.from({ length: 2 + chance.below(4) }, client);
  await scheduler.waitFor(Promise.all(clients));
  let [state, revision] = [counter.initial, -1];
  for await (const batch of store.read(stream))
    for (const event of batch)
      [state, revision] = [counter.evolve(state, counterCodec.decode(event).event), event.revision];
  const initial = { state: counter.initial, revision: -1, commands: new Map() };
  const end = { id: operations.length, called: moment, returned: moment + 1, isEnd: true };
  const explained = isLinearizable(
    [...operations, end],
    initial,
    (model, operation) => {
      if (operation.isEnd !== true) return apply(model, operation);
      return model.revision === revision && JSON.stringify(model.state) === JSON.stringify(state)
        ? model
        : undefined;
    },
    (operation) => operation.answer?._tag === "Fault",
    (model) => `${model.revision} ${JSON.stringify(model.state)}`,
  );
  if (!explained)
    throw new Error(
      `no order explains ${JSON.stringify(operations)} with ${JSON.stringify(state)} at ${revision}`,
    );
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "Z9",
  name: "sequences",
  title: "command sequences against the model, and commands at once",
  unit: "commands",
  perPush: 100_000,
  longRun: 10_000_000,
  skip: () => (constants.O_NOFOLLOW === undefined ? "the faults are those of POSIX calls" : undefined),
  run: async ({ goal, deadline, seed, scratch, note }) => {
    const failures = [];
    const figures = { onFiles: 0, inMemory: 0, atOnce: 0, schedules: 0 };
    const done = () => figures.onFiles + figures.inMemory + figures.atOnce;
    const isOver = () => failures.length > 0 || done() >= goal || performance.now() > deadline;
    for (let round = 0; !isOver(); round += 1) {
      for (let index = 0; index < 40 && !isOver(); index += 1) {
        const number = round * 40 + index;
        const onFiles = index % 4 === 0;
        const faults = onFiles ? faultyFiles() : undefined;
        const memory = openMemoryStore();
        const directory = path.join(scratch, `s${number}`);
        const open = onFiles
          ? () => openFileStore({ directory, files: faults.files })
          : // Closing a memory store loses it, so nobody does.
            async () => ({ ...memory, close: async () => {} });
        const counted = () => {
          figures[onFiles ? "onFiles" : "inMemory"] += 1;
        };
        let wrong;
        try {
          wrong = await sequence(seeded(seed, number), { open, faults, counted });
        } catch (error) {
          wrong = `untyped error: ${error instanceof Error ? error.stack : String(error)}`;
        }
        if (wrong !== undefined)
          failures.push(`seed ${seed} sequence ${number} ${onFiles ? "on files" : "in memory"}: ${wrong}`);
      }
      if (isOver()) break;
      const counted = () => {
        figures.atOnce += 1;
      };
      const result = await fc.check(
        fc.asyncProperty(fc.scheduler(), fc.nat(), (scheduler, number) =>
          concurrently(scheduler, number, counted),
        ),
        { seed: seed + round, numRuns: 20, endOnFailure: false },
      );
      figures.schedules += result.numRuns;
      if (result.failed) failures.push(fc.defaultReportMessage(result) ?? "a schedule failed");
      if (round % 50 === 49) note(`${done()} commands`);
    }
    return { done: done(), failures, figures };
  },
};
