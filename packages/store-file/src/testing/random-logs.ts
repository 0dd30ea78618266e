/**
 * Random logs with everything that may stand in a sound one: records of several copies of the ledger, commands of up to 64
 * events, records that lost a race or were decided against, torn lines that were sealed, records that another program wrote.
 */
import fs from "node:fs";
import { type Commit, emptyHead, type JsonObject, type StreamHead, sealCommit } from "@mission-ledger/core";
import { layoutOf } from "../layout.ts";
import { encodeRecord } from "../log/record.ts";
import { sealLine } from "../log/sealed-line.ts";
import type { Pick } from "./branch-graphs.ts";

const texts = ["plain", "Größe 😀", '\u2028 \u0000 \\ "', "日本語", "a\tb\nc", "é"];

const longest = 1_000_000;
const digest = "0".repeat(64);

const dataOf = (pick: Pick): JsonObject => ({
  text: texts[pick(texts.length)] as string,
  ...(pick(3) === 1 ? { list: [pick(9), { deep: null, b: 1.5e-7 }] } : {}),
});

const commitBehind = (head: StreamHead, stream: string, name: string, pick: Pick): Commit => {
  const events = pick(12) === 1 ? 64 : 1 + pick(3);
  return sealCommit(
    head,
    {
      stream,
      commandId: name,
      commandDigest: digest,
      recordedAt: "2026-01-02T03:04:05.678Z",
      actor: texts[pick(2)] as string,
      ...(pick(3) === 1 ? { correlationId: "correlated" } : {}),
      ...(pick(4) === 1 ? { causationId: "caused" } : {}),
    },
    Array.from({ length: events }, () => ({ type: "Noted", version: 1 + pick(2), data: dataOf(pick) })),
  );
};

/** The same record with the members of its events in another order, as a program in another language may write it. */
const writtenOtherwise = (line: Buffer): Buffer => {
  const {
    crc: _,
    events,
    ...rest
  } = JSON.parse(line.toString("utf8")) as {
    crc: string;
    events: Record<string, unknown>[];
  };
  const turned = events.map((event) => Object.fromEntries(Object.entries(event).reverse()));
  return sealLine(JSON.stringify({ ...rest, events: turned }));
};

export interface RandomLedger {
  /** The log of each stream, byte for byte. */
  readonly logs: ReadonlyMap<string, Buffer>;
}

/** Logs whose numbers interleave, as writers of several missions make them. */
export const growLogs = (pick: Pick, { streams = 3, records = 8 } = {}): RandomLedger => {
  const names = Array.from(
    { length: 1 + pick(streams) },
    (_, index) => `mission-${index === 1 ? "Größe" : `m${index}`}`,
  );
  const lines = new Map<string, Buffer[]>(names.map((name) => [name, []]));
  const heads = new Map<string, StreamHead>();
  const origins = new Map<string, string>();
  let seq = 0;
  for (let index = 0; index < names.length * (1 + pick(records)); index += 1) {
    const stream = names[pick(names.length)] as string;
    const into = lines.get(stream) as Buffer[];
    const head = heads.get(stream) ?? emptyHead;
    const origin = pick(4) === 1 ? `ledger-${pick(3)}` : (origins.get(stream) ?? "ledger-0");
    seq += 1 + pick(2);
    const commit = commitBehind(head, stream, `c${index}`, pick);
    const line = encodeRecord(commit, { origin, seq }, longest);
    const kind = pick(8);
    if (kind === 1)
      into.push(Buffer.concat([line.subarray(0, 1 + pick(line.length - 2)), Buffer.from(" #torn\n")]));
    else if (kind === 2) into.push(encodeRecord(commit, { origin, seq, branch: "demoted" }, longest));
    else if (kind === 3 && head.revision >= 0) {
      const again = commitBehind(emptyHead, stream, `v${index}`, pick);
      // The copy that wrote the first record claims its revision once more.
      into.push(encodeRecord(again, { origin: firstOrigin(into), seq }, longest));
    } else {
      into.push(kind === 4 ? writtenOtherwise(line) : line);
      const last = commit.events.at(-1) as StreamHead & { revision: number; digest: string };
      heads.set(stream, { revision: last.revision, digest: last.digest });
      origins.set(stream, origin);
    }
  }
  return { logs: new Map([...lines].map(([stream, parts]) => [stream, Buffer.concat(parts)])) };
};

const firstOrigin = (lines: readonly Buffer[]): string => {
  const first = lines.find(
    (line) => line.includes('"crc":"') && !line.includes(" #torn") && !line.includes('"branch"'),
  );
  return (JSON.parse((first as Buffer).toString("utf8")) as { origin: string }).origin;
};

export const writeLogs = (directory: string, { logs }: RandomLedger): void => {
  const layout = layoutOf(directory);
  for (const folder of [layout.logs, layout.locks]) fs.mkdirSync(folder, { recursive: true });
  for (const [stream, bytes] of logs) if (bytes.length > 0) fs.writeFileSync(layout.of(stream).log, bytes);
};

/** What stands in a ledger's logs, by the names of the files; empty ones hold no stream. */
export const logsIn = (directory: string): Readonly<Record<string, string>> => {
  const { logs } = layoutOf(directory);
  if (!fs.existsSync(logs)) return {};
  return Object.fromEntries(
    fs
      .readdirSync(logs)
      .sort()
      .map((name): [string, string] => [name, fs.readFileSync(`${logs}/${name}`, "latin1")])
      .filter(([, text]) => text !== ""),
  );
};
