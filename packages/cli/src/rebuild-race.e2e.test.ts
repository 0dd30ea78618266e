import path from "node:path";
import type { Snapshot } from "@mission-ledger/core";
import { board } from "@mission-ledger/core/mission";
import { expect, inject, test } from "vitest";
import { openLedger } from "./library/open-ledger.ts";
import { folds } from "./rebuild/folds.ts";
import { buildFirst, start } from "./testing/built-program.ts";
import { scratch } from "./testing/session.ts";

buildFirst();

const slugs = Array.from({ length: 16 }, (_, index) => `m${String(index).padStart(2, "0")}`);
const rounds = 4;

/** Runs `mled rebuild` beside the readers; settles when it is over. */
const rebuild = (
  cwd: string,
  store: string,
  workers: number,
): { readonly over: Promise<number | null>; isOver(): boolean } => {
  const { ended } = start(["rebuild", "--store", store, "--workers", String(workers)], { cwd });
  let isOver = false;
  const over = ended.then(({ status }) => {
    isOver = true;
    return status;
  });
  return { over, isOver: () => isOver };
};

/** Where a rebuild is switched in one step, and what it needs is installed. */
const kinds = ["file", ...(inject("sqlite") ? ["sqlite"] : [])];

test.each(kinds)("readers beside a rebuild on %s never see half of it", async (kind) => {
  const cwd = scratch();
  const store = kind === "sqlite" ? `sqlite:${path.join(cwd, "plan.db")}` : `file:${path.join(cwd, "plan")}`;
  const ledger = await openLedger({ store, actor: "ada" });
  const { snapshots, mission } = ledger.engine;
  for (const slug of slugs) {
    const made = await ledger.createMission({ slug, title: slug });
    await made.addWorkPackage({ id: "WP01", title: "Login form" });
  }
  const heads = async (): Promise<readonly (number | undefined)[]> => {
    const seen: (number | undefined)[] = [];
    for (const slug of slugs)
      for (const { spec } of folds) {
        const key = { stream: mission(slug).stream, name: spec.name, version: spec.version };
        seen.push(((await snapshots.load(key)) as Snapshot | undefined)?.head.revision);
      }
    return seen;
  };
  expect(await rebuild(cwd, store, 1).over).toBe(0);
  const [former = -1] = await heads();
  let looks = 0;
  for (let round = 0; round < rounds; round += 1) {
    const before = former + round;
    expect(new Set(await heads())).toEqual(new Set([before]));
    for (const slug of slugs)
      await mission(slug).execute({ type: "AddNote", workPackageId: "WP01", text: `round ${round}` });
    const running = rebuild(cwd, store, 1 + (round % 2));
    while (!running.isOver()) {
      const seen = await heads();
      looks += 1;
      // One after the other: the switch may come while they are read, and then all that follow are new.
      const firstNew = seen.indexOf(before + 1);
      const expected = seen.map((_, index) => (firstNew >= 0 && index >= firstNew ? before + 1 : before));
      expect(seen).toEqual(expected);
      const live = await mission(slugs[looks % slugs.length] as string).view(board);
      const whole = await mission(slugs[looks % slugs.length] as string).view(board, { fromStart: true });
      expect(live).toEqual({ ...whole, head: live.head });
      expect(live.head.revision).toBe(before + 1);
      // Reading waits for nothing; the end of the other process is heard in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await running.over).toBe(0);
    expect(new Set(await heads())).toEqual(new Set([before + 1]));
  }
  await ledger.close();
});
