/** Names of the files that a rewrite makes: none of them is ever taken for a log, and each says whose it is. */
import path from "node:path";
import { type Clock, type Randomness, timestamp } from "@mission-ledger/core";
import { type Layout, logSuffix, type StreamPaths } from "../layout.ts";
import { decodeStreamName } from "../names.ts";

const temporarySuffix = ".rewrite";

/** A new name in the folder of the logs. Not the suffix of a log, and a first character that no stream's file name has. */
export const temporaryPath = (
  { logs }: Pick<Layout, "logs">,
  { encoded }: StreamPaths,
  randomness: Randomness,
): string => path.join(logs, `.${encoded}.${shortId(randomness)}${temporarySuffix}`);

/** `<stream>.<time>.<id>.jsonl`; the id keeps two of one millisecond apart, the length stays within what a file name may have. */
export const quarantinePath = (
  { quarantine }: Pick<Layout, "quarantine">,
  { encoded }: StreamPaths,
  clock: Clock,
  randomness: Randomness,
): string => {
  const time = timestamp(clock.now()).replace(/[^0-9TZ]/g, "");
  return path.join(quarantine, `${encoded}.${time}.${shortId(randomness)}${logSuffix}`);
};

/** The stream that a file of a rewrite belongs to; `undefined` for other files. */
export const streamOfTemporary = (name: string): string | undefined =>
  name.startsWith(".") && name.endsWith(temporarySuffix) ? streamBeforeDot(name.slice(1)) : undefined;

export const streamOfQuarantined = (name: string): string | undefined =>
  name.endsWith(logSuffix) ? streamBeforeDot(name) : undefined;

const streamBeforeDot = (name: string): string | undefined => decodeStreamName(name.split(".")[0] ?? "");

const shortId = (randomness: Randomness): string => randomness.uuid().replaceAll("-", "").slice(0, 12);
