/** Copies in processes of their own that are killed, by their own hand at every durable step and by ours at any moment. */
import { spawn } from "node:child_process";
import path from "node:path";
import { digestOf, emptyHead, sealCommit } from "@mission-ledger/core";
import { seededRandomness } from "@mission-ledger/testkit";
import { expect, test } from "vitest";
import { encodeRecord } from "../packages/store-file/src/log/record.ts";
import { growLogs, logsIn, writeLogs } from "../packages/store-file/src/testing/random-logs.ts";
import { scratchDirectory } from "../packages/store-file/src/testing/scratch.ts";

const worker = path.join(import.meta.dirname, "workers", "copy-worker.mjs");
const seed = Number(process.env.MISSION_LEDGER_SEED ?? Date.now() % 2_147_483_647);
const { fraction } = seededRandomness(seed);
const pick = (below: number): number => Math.floor(fraction() * below);

interface Ran {
  readonly report:
    | { readonly equal: boolean; readonly records: number; readonly megabytes: number }
    | undefined;
  readonly signal: string | null;
}

interface RunOptions {
  /** The worker kills itself at this step. @defaultValue never */
  readonly dies?: number;
  /** Killed so long after it has begun. @defaultValue never */
  readonly killAfterMs?: number;
  readonly node?: readonly string[];
}

const run = (from: string, to: string, { dies, killAfterMs, node = [] }: RunOptions = {}): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [...node, worker, from, to, dies === undefined ? "" : String(dies)],
      {
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let [out, errors] = ["", ""];
    child.stdout.on("data", (chunk) => {
      const isFirst = out === "";
      out += chunk;
      if (isFirst && killAfterMs !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    });
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const [, report] = out.trim().split("\n");
      if (code !== 0 && signal !== "SIGKILL") reject(new Error(`seed ${seed}: ${code} ${signal}: ${errors}`));
      else resolve({ signal, report: report === undefined ? undefined : JSON.parse(report) });
    });
  });

const grown = (): string => {
  const directory = scratchDirectory();
  writeLogs(directory, growLogs(pick, { streams: 6, records: 40 }));
  return directory;
};

/** Runs until one is not killed; answers how many were. */
const untilDone = async (from: string, to: string, ways: readonly RunOptions[]): Promise<number> => {
  let killed = 0;
  for (const way of [...ways, {}]) {
    const { signal, report } = await run(from, to, way);
    if (signal === "SIGKILL") killed += 1;
    else expect(report, `seed ${seed}`).toMatchObject({ equal: true });
  }
  return killed;
};

const atSteps: readonly RunOptions[] = [0, 1, 2, 3, 5, 8, 13, 21].map((dies) => ({ dies }));
const atMoments = (): readonly RunOptions[] =>
  Array.from({ length: 8 }, () => ({ killAfterMs: Math.floor(fraction() * 60) }));

test.each([
  ["every durable step", () => atSteps],
  ["any moment", atMoments],
] as const)(
  "killed at %s, a copy through SQLite and back ends byte-identical",
  async (_, waysOf) => {
    const [from, folder] = [grown(), scratchDirectory()];
    const [file, between, back] = [`file:${from}`, `sqlite:${folder}/plan.db`, `file:${folder}/back`];
    const killed = (await untilDone(file, between, waysOf())) + (await untilDone(between, back, waysOf()));
    expect(logsIn(path.join(folder, "back")), `seed ${seed}`).toEqual(logsIn(from));
    expect(killed, `seed ${seed}`).toBeGreaterThan(3);
  },
  180_000,
);

test("ten thousand missions go to SQLite, in the order of the ledger, with a heap of 128 MB", async () => {
  const [from, folder] = [scratchDirectory(), scratchDirectory()];
  const logs = new Map<string, Buffer>();
  for (let index = 0; index < 10_000; index += 1) {
    const stream = `mission-m${index}`;
    let head: Parameters<typeof sealCommit>[0] = emptyHead;
    const lines: Buffer[] = [];
    for (let at = 0; at < 2; at += 1) {
      const commandId = `c${at}`;
      const context = {
        stream,
        commandId,
        commandDigest: digestOf({ commandId }),
        recordedAt: "2026-01-02T03:04:05.678Z",
        actor: "agent-1",
      };
      const commit = sealCommit(head, context, [
        { type: "Noted", version: 1, data: { note: "x".repeat(300) } },
      ]);
      lines.push(encodeRecord(commit, { origin: "ledger", seq: 1 + index + at * 10_000 }, 65_536));
      head = { revision: at, digest: commit.events[0]?.digest ?? null };
    }
    logs.set(stream, Buffer.concat(lines));
  }
  writeLogs(from, { logs });
  const { report } = await run(`file:${from}`, `sqlite:${folder}/plan.db`, {
    node: ["--max-old-space-size=128"],
  });
  expect(report).toMatchObject({ equal: true, records: 20_000 });
  expect(report?.megabytes).toBeLessThan(400);
});
