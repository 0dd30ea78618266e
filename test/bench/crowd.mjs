/** Starts processes together, waits for their figures, and checks the log behind them: a fast but wrong run fails. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { checkLink, emptyHead } from "@mission-ledger/core";
import { stores } from "../stores/index.mjs";

const worker = fileURLToPath(new URL("./contention-worker.mjs", import.meta.url));

const answerOf = (child) =>
  new Promise((resolve, reject) => {
    // Not `exit`: a process may be gone while its last message still waits to be read, and `disconnect` comes behind that.
    const died = () => reject(new Error(`process ${child.pid} of the crowd ended without an answer`));
    child.once("disconnect", died);
    child.once("message", (answer) => {
      child.off("disconnect", died);
      resolve(answer);
    });
  });

/** Runs one process for each job. All are warm before any starts. */
export const runCrowd = async (jobs) => {
  const children = jobs.map(() => fork(worker, { execArgv: [] }));
  const exits = children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
  const ask = (messages) =>
    Promise.all(
      children.map((child, index) => {
        const answer = answerOf(child);
        if (messages !== undefined) child.send(messages[index]);
        return answer;
      }),
    );
  try {
    await ask();
    await ask(jobs);
    const answers = await ask(jobs.map(() => ({ start: true })));
    await Promise.all(exits);
    return answers;
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
};

/** Throws unless each stream is a whole chain, no event stands twice, and every acknowledged event is there. */
export const checkLogs = async (name, directory, streams, answers) => {
  const { open, placeIn, inspect } = stores[name];
  const place = placeIn(directory);
  const store = await open(place);
  const found = new Set();
  const claims = new Map();
  for (const stream of streams) {
    let head = emptyHead;
    for await (const batch of store.read(stream))
      for (const event of batch) {
        const broken = checkLink(head, event);
        if (broken !== undefined) throw new Error(`${stream} breaks: ${JSON.stringify(broken)}`);
        if (found.has(event.id)) throw new Error(`${event.id} stands twice`);
        found.add(event.id);
        head = event;
        if (event.type !== "WorkPackageClaimed") continue;
        const prize = `${stream}/${event.data.workPackageId}`;
        claims.set(prize, [...(claims.get(prize) ?? []), event.data.holder]);
      }
  }
  await store.close();
  const { problems } = await inspect(place, streams);
  if (problems.length > 0) throw new Error(`${place} is damaged: ${problems}`);
  for (const { eventIds } of answers)
    for (const id of eventIds) if (!found.has(id)) throw new Error(`${id} was acknowledged and is not there`);
  return claims;
};
