/** A ledger of ten thousand events, brought to a server on which everything goes wrong, by processes that are killed. */
import { spawn } from "node:child_process";
import path from "node:path";
import {
  type EventEnvelope,
  emptyHead,
  headOfCommit,
  type ReplicationReport,
  type StreamHead,
  sealCommit,
} from "@mission-ledger/core";
import { openEventStoreDb } from "@mission-ledger/store-eventstoredb";
import { openFileStore } from "@mission-ledger/store-file";
import { seededRandomness } from "@mission-ledger/testkit";
import { type Fault, type FaultOrder, startWireServer } from "@mission-ledger/wire-server";
import { expect, onTestFinished, test } from "vitest";
import { encodeRecord } from "../packages/store-file/src/log/record.ts";
import { writeLogs } from "../packages/store-file/src/testing/random-logs.ts";
import { scratchDirectory } from "../packages/store-file/src/testing/scratch.ts";

const worker = path.join(import.meta.dirname, "workers", "sync-worker.mjs");
const seed = Number(process.env.MISSION_LEDGER_SEED ?? Date.now() % 2_147_483_647);
const { fraction } = seededRandomness(seed);
const below = (limit: number): number => Math.floor(fraction() * limit);

const [missions, allEvents, perCommand] = [40, 10_000, 8];

/** Missions of as many events each, in commands of up to eight, written in turns. */
const grown = (): string => {
  const directory = scratchDirectory();
  const lines = new Map<string, Buffer[]>();
  const heads = new Map<string, StreamHead>();
  let left = allEvents;
  for (let number = 1; left > 0; number += 1) {
    const stream = `mission-m${number % missions}`;
    const count = Math.min(left, 1 + below(perCommand));
    const context = {
      stream,
      commandId: `c${number}`,
      commandDigest: String(number).padStart(64, "0"),
      recordedAt: new Date(1_750_000_000_000 + number).toISOString(),
      actor: `agent-${number % 5}`,
      ...(number % 3 === 0 ? { correlationId: `why-${number}` } : {}),
    };
    const events = Array.from({ length: count }, (_, index) => ({
      type: "Noted",
      version: 1,
      data: { index, text: "é\u0000\u2028 ".repeat(1 + below(8)) },
    }));
    const commit = sealCommit(heads.get(stream) ?? emptyHead, context, events);
    heads.set(stream, headOfCommit(commit));
    lines.set(stream, [
      ...(lines.get(stream) ?? []),
      encodeRecord(commit, { origin: "ledger", seq: number }, 65_536),
    ]);
    left -= count;
  }
  writeLogs(directory, { logs: new Map([...lines].map(([name, all]) => [name, Buffer.concat(all)])) });
  return directory;
};

const onAppend: readonly Fault[] = [
  { kind: "lose_reply" },
  { kind: "commit_then_cut", how: "rst" },
  { kind: "commit_then_cut", how: "half_close" },
  { kind: "commit_then_cut", how: "reset_stream" },
  { kind: "cut", how: "rst" },
  { kind: "cut", how: "end" },
  { kind: "silence" },
  { kind: "delay", ms: 50 },
  { kind: "commit_later", ms: 300, timeoutMs: 100 },
  { kind: "not_leader" },
  { kind: "not_ready" },
  { kind: "lie", about: "revision" },
  { kind: "lie", about: "nothing_stored" },
  { kind: "reply_twice" },
];
const onRead: readonly Fault[] = [
  { kind: "cut", how: "rst" },
  { kind: "cut", how: "half_close" },
  { kind: "silence" },
  { kind: "delay", ms: 50 },
  { kind: "not_ready" },
  { kind: "stale", events: 3 },
  { kind: "truncate", events: 1 },
];

/** Each fault several times, anywhere on the way. */
const orders = (): readonly FaultOrder[] =>
  [0, 1, 2].flatMap(() => [
    ...onAppend.map((fault): FaultOrder => ({ at: "append", fault, after: below(2_000) })),
    ...onRead.map((fault): FaultOrder => ({ at: "read", fault, after: below(2_000) })),
  ]);

interface Ran {
  readonly report: ReplicationReport | undefined;
  readonly sent: number;
}

/** Brings it over, in a process that is killed when it has sent so many events. */
const bring = (directory: string, url: string, killAt = Number.POSITIVE_INFINITY): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [worker, directory, url], { stdio: ["ignore", "pipe", "pipe"] });
    let [out, errors, sent] = ["", "", 0];
    child.stdout.on("data", (chunk) => {
      out += chunk;
      for (const [, events] of out.matchAll(/\{"sent":(\d+)\}\n/g)) sent = Number(events);
      if (sent >= killAt) child.kill("SIGKILL");
    });
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const last = out.trim().split("\n").at(-1) ?? "";
      if (signal === "SIGKILL") resolve({ report: undefined, sent });
      else if (code !== 0 || errors !== "") reject(new Error(`seed ${seed}: ${code} ${signal}: ${errors}`));
      else resolve({ report: (JSON.parse(last) as { report: ReplicationReport }).report, sent });
    });
  });

const eventsOf = async (
  store: Awaited<ReturnType<typeof openFileStore>>,
  stream: string,
): Promise<readonly EventEnvelope[]> => {
  const events: EventEnvelope[] = [];
  for await (const batch of store.read(stream))
    for (const { position: _, mark: __, ...event } of batch) events.push(event);
  return events;
};

test("ten thousand events end equal on the server, whatever fails there and however often we are killed", async () => {
  const directory = grown();
  const server = await startWireServer({ dropsOverlapping: true });
  onTestFinished(() => server.stop());
  for (const order of orders()) server.strike(order);
  let killed = 0;
  for (const killAt of [1_500, 2_000, 2_500]) {
    const { report } = await bring(directory, server.url, killAt);
    if (report === undefined) killed += 1;
    await server.kill();
    await server.start();
  }
  let ran: Ran = { report: undefined, sent: 0 };
  for (let runs = 0; runs < 5 && ran.report?.complete !== true; runs += 1) {
    if (runs === 3) server.calm();
    ran = await bring(directory, server.url);
  }
  expect(ran.report, `seed ${seed}`).toMatchObject({ complete: true, warnings: [] });
  expect(killed, `seed ${seed}`).toBe(3);
  server.calm();
  expect((await bring(directory, server.url)).report, `seed ${seed}`).toMatchObject({
    complete: true,
    events: 0,
  });

  const [here, there] = [await openFileStore({ directory }), await openEventStoreDb({ url: server.url })];
  const streams = await here.streams("mission");
  expect(await there.streams("mission")).toEqual(streams);
  let events = 0;
  for (const stream of streams) {
    const [ours, theirs] = [await eventsOf(here, stream), await eventsOf(there, stream)];
    expect(theirs, `seed ${seed}`).toEqual(ours);
    // What the server itself holds, without anything of ours between.
    expect(server.events(stream).map(({ id }) => id)).toEqual(ours.map(({ id }) => id));
    events += ours.length;
  }
  expect(events).toBe(allEvents);
  await Promise.all([here.close(), there.close()]);
});
