import fs from "node:fs";
import { noFailpoint, systemClock, systemRandomness } from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import { watchNames } from "../files/name-watch.ts";
import { nodeFiles } from "../files/node-files.ts";
import { layoutOf } from "../layout.ts";
import { ledgerLocks } from "../lock/ledger-locks.ts";
import { systemFacts } from "../lock/process-facts.ts";
import { scratchDirectory } from "../testing/scratch.ts";
import { ledgerOrder } from "./ledger-order.ts";

const orderIn = (directory: string) => {
  const layout = layoutOf(directory);
  for (const folder of [layout.logs, layout.locks]) fs.mkdirSync(folder, { recursive: true });
  // Seen from later on, no change of a directory is young: a look is believed until something changes.
  const names = watchNames(nodeFiles, layout.locks, { now: () => Date.now() + 60_000 });
  const ports = {
    files: nodeFiles,
    layout,
    randomness: systemRandomness,
    failpoint: noFailpoint,
    elapsed: () => performance.now(),
    processes: systemFacts,
  };
  const locks = ledgerLocks({ ...ports, facts: systemFacts, clock: systemClock, names, choice: "kernel" });
  const order = ledgerOrder({ ...ports, locks });
  const next = (): Promise<void> | undefined => {
    names.generation();
    return order.exclusively((highest) => highest + 1, performance.now() + 10_000);
  };
  return { order, file: layout.order, next };
};

describe("the order of a ledger", () => {
  test("counts on", async () => {
    const { order, next } = orderIn(scratchDirectory());
    for (let turn = 0; turn < 3; turn += 1) await next();
    expect(order.current()).toBe(3);
    order.close();
  });

  test("whose file is replaced while it is waited for goes on in the new file", async () => {
    const { order, file, next } = orderIn(scratchDirectory());
    await next();
    await next();
    const fd = nodeFiles.open(file, fs.constants.O_RDWR);
    expect(nodeFiles.tryLock(fd)).toBe(true);
    const waiting = next();
    expect(waiting).toBeInstanceOf(Promise);
    fs.copyFileSync(file, `${file}.new`);
    fs.renameSync(`${file}.new`, file);
    nodeFiles.close(fd);
    await waiting;
    expect(order.current()).toBe(3);
    order.close();
  });
});
