/** Holds what writers were promised against what the logs say. */
import { eventsOf } from "./plan.mjs";

const stepOf = (commandId) => Number(commandId.split(":")[1]);

/** Looks at a ledger while others write: nothing may be seen half, gone again, or out of order. */
export const openWatcher = (store) => {
  const seen = new Map();
  const revisions = new Map();
  let after;
  return {
    look: async () => {
      for await (const batch of store.readAll(after === undefined ? {} : { after }))
        for (const { stream, revision, commandId, position } of batch) {
          after = position;
          const expected = (revisions.get(stream) ?? -1) + 1;
          if (revision !== expected) throw new Error(`${stream} showed revision ${revision} for ${expected}`);
          revisions.set(stream, revision);
          seen.set(commandId, (seen.get(commandId) ?? 0) + 1);
        }
      for (const [commandId, count] of seen) {
        if (count !== eventsOf(stepOf(commandId)))
          throw new Error(`${commandId} was seen with ${count} events of ${eventsOf(stepOf(commandId))}`);
        seen.delete(commandId);
      }
    },
  };
};

/**
 * Everything that is wrong when all writers are done; sentences. `inspect` looks at what stands on the disk.
 */
export const judge = async ({ store, inspect, streams, promised }) => {
  const failures = [];
  const found = new Map();
  const nextStep = new Map();
  const figures = { events: 0 };
  for (const stream of streams) {
    let next = 0;
    let before;
    for await (const batch of store.read(stream))
      for (const { revision, commandId, id } of batch) {
        if (revision !== next) failures.push(`${stream}: revision ${revision} stands where ${next} should`);
        next = revision + 1;
        const entry = found.get(commandId);
        if (entry === undefined) {
          const [writer] = commandId.split(":");
          const step = stepOf(commandId);
          if (step !== (nextStep.get(writer) ?? 0)) failures.push(`${commandId} comes out of turn`);
          nextStep.set(writer, step + 1);
          found.set(commandId, { ids: [id], last: revision });
        } else {
          if (before !== commandId) failures.push(`${commandId} is in the log twice, or torn apart`);
          entry.ids.push(id);
          entry.last = revision;
        }
        before = commandId;
      }
    figures.events += next;
  }
  const looked = await inspect(streams);
  failures.push(...looked.problems);
  Object.assign(figures, looked.figures);
  for (const [commandId, { revision, eventIds }] of promised) {
    const there = found.get(commandId);
    if (there === undefined) failures.push(`${commandId} was acknowledged and is lost`);
    else if (there.last !== revision || there.ids.join() !== eventIds.join())
      failures.push(`${commandId} is not what was acknowledged`);
    if (eventIds.length !== eventsOf(stepOf(commandId))) failures.push(`${commandId} was acknowledged half`);
  }
  for (const commandId of found.keys())
    if (!promised.has(commandId)) failures.push(`${commandId} is in the log and nobody was told`);
  return { failures, figures };
};
