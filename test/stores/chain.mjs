/** Streams judged by their events alone: nothing missing, nothing twice, each what was digested, each behind the one before. */
import { checkLink, digestOfEvent, emptyHead } from "@mission-ledger/core";
import { persist } from "../workers/persist.mjs";

/** A stream's events, read again from the start where a server goes away in the middle. */
export const readWhole = async (store, stream) => {
  const { answer } = await persist(async () => {
    const events = [];
    for await (const batch of store.read(stream)) events.push(...batch);
    return events;
  });
  return answer;
};

/** What is wrong with events that claim to be one whole stream; sentences. */
export const problemsOfStream = (stream, events) => {
  const problems = [];
  const ids = new Set();
  let head = emptyHead;
  for (const event of events) {
    const at = `${stream}@${event.revision}`;
    if (event.stream !== stream) problems.push(`${at} says that it is of ${event.stream}`);
    if (checkLink(head, event) !== undefined)
      problems.push(`${at} does not follow revision ${head.revision}`);
    if (digestOfEvent(event) !== event.digest) problems.push(`${at} is not what was digested`);
    if (ids.has(event.id)) problems.push(`${at} is there twice`);
    ids.add(event.id);
    head = event;
  }
  return problems;
};

/** Opens nothing and closes the store it is given. */
export const chainProblems = async (store, streams) => {
  try {
    const problems = [];
    for (const stream of streams) problems.push(...problemsOfStream(stream, await readWhole(store, stream)));
    return problems;
  } finally {
    await store.close();
  }
};
