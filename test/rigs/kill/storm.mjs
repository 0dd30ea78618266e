/** One storm: writers on two streams of one ledger, killed at random moments, and what they were promised. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Kills fall this long after a writer is ready at most: most of them while it writes. */
const longestLifeMs = 80;
/** One in so many writers is killed while it still starts. */
const oneInStarts = 12;
const longestStartMs = 80;

export const streamOf = (writer) => `storm-${writer % 2 === 0 ? "a" : "b"}`;
export const nameOf = (writer) => `w${writer}`;

/**
 * @param {{ program: string, storeName: string, place: string, writers: number, kills: number, deadline: number, fraction: () => number, stopped: () => boolean }} options
 */
export const rage = async ({ program, storeName, place, writers, kills, deadline, fraction, stopped }) => {
  const storm = {
    /** By command id, what the first receipt said. */
    promised: new Map(),
    kills: 0,
    lives: 0,
    repeats: 0,
    faults: {},
    failures: [],
  };
  const alive = new Set();
  const isOver = () => storm.kills >= kills || performance.now() > deadline;
  const fail = (text) => storm.failures.push(text);

  const take = (writer, line, life) => {
    const commandId = `${nameOf(writer)}:${line.step}`;
    switch (line._tag) {
      case "Done": {
        const before = storm.promised.get(commandId);
        if (line.repeated) storm.repeats += 1;
        if (line.readback !== "verified") fail(`${commandId} was acknowledged as ${line.readback}`);
        if (before === undefined) {
          // The pending command of a dead writer may stand there; one that nobody tried before may not.
          if (line.repeated && line.step !== life.pending && !life.unknown.has(line.step))
            fail(`${commandId} was there already, although it was only refused or never tried`);
          storm.promised.set(commandId, { revision: line.revision, eventIds: line.eventIds });
        } else if (before.revision !== line.revision || before.eventIds.join() !== line.eventIds.join())
          fail(`${commandId} was given two receipts: ${JSON.stringify([before, line])}`);
        else if (!line.repeated) fail(`${commandId} happened again at revision ${line.revision}`);
        return;
      }
      case "Fault":
        storm.faults[`${line.code} ${line.outcome}`] =
          (storm.faults[`${line.code} ${line.outcome}`] ?? 0) + 1;
        if (line.outcome === "unknown") life.unknown.add(line.step);
        return;
      case "Finished":
        life.finished = true;
        return;
      case "Failed":
        fail(`${nameOf(writer)} was told: ${line.message}`);
    }
  };

  /** One life. It repeats the last command that was acknowledged, then the pending one, then goes on. */
  const live = (writer, acknowledged, isLast) =>
    new Promise((resolve) => {
      const life = { pending: acknowledged + 1, unknown: new Set(), finished: false };
      const last = isLast ? life.pending : Number.MAX_SAFE_INTEGER;
      const child = spawn(
        process.execPath,
        [program, storeName, place, streamOf(writer), nameOf(writer), Math.max(0, acknowledged), last].map(
          String,
        ),
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      storm.lives += 1;
      alive.add(child);
      let executioner;
      const killAfter = (milliseconds) => {
        executioner = setTimeout(() => {
          if (child.kill("SIGKILL")) storm.kills += 1;
        }, milliseconds);
      };
      if (!isLast && fraction() < 1 / oneInStarts) killAfter(fraction() * longestStartMs);
      createInterface({ input: child.stdout }).on("line", (text) => {
        const line = JSON.parse(text);
        if (line._tag === "Ready") {
          if (!isLast && executioner === undefined) killAfter(fraction() * longestLifeMs);
          return;
        }
        take(writer, line, life);
      });
      child.once("error", (error) => fail(`${nameOf(writer)} could not be started: ${error.message}`));
      // "close" comes after the last line that the dead writer had written.
      child.once("close", (code, signal) => {
        clearTimeout(executioner);
        alive.delete(child);
        if (signal !== "SIGKILL" && !life.finished)
          fail(`${nameOf(writer)} ended by itself with ${signal ?? code}`);
        resolve();
      });
    });

  const lastOf = (writer, from) => {
    let last = from;
    while (storm.promised.has(`${nameOf(writer)}:${last + 1}`)) last += 1;
    return last;
  };
  const workThrough = async (writer) => {
    let acknowledged = -1;
    while (!isOver() && !stopped() && storm.failures.length === 0) {
      await live(writer, acknowledged, false);
      acknowledged = lastOf(writer, acknowledged);
    }
    // Whoever was killed comes back once more and gets an answer for what was pending.
    if (storm.failures.length === 0) await live(writer, acknowledged, true);
  };

  await Promise.all(Array.from({ length: writers }, (_, writer) => workThrough(writer)));
  for (const child of alive) child.kill("SIGKILL");
  return storm;
};
