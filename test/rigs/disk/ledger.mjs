/** The file store on a simulated disk, as the rigs of this folder open and look at it. */
import { inspectStream, openFileStore } from "@mission-ledger/store-file";
import { seededRandomness } from "@mission-ledger/testkit";

export const directory = "/data/ledger";

let opened = 0;

/** Each process has randomness of its own, and a run with the same calls the same. */
export const openOn = (files, options = {}) => {
  opened += 1;
  return openFileStore({ directory, files, randomness: seededRandomness(opened), ...options });
};

/** The end of a log and what is wrong with it, at a glance. */
export const look = (files, stream) => {
  const { head, findings } = inspectStream({ directory, stream, digests: false, files });
  return { head, problems: findings.map(({ kind, why }) => `${kind}: ${why}`) };
};

export const failureText = ({ check, what, where }) => `${check}: ${what} (${where})`;

/** What this process has used of its core, in seconds: what rates are given in, whoever else is busy. */
export const coreSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Errors are made by the thousand here, and nobody reads where. */
Error.stackTraceLimit = 0;
