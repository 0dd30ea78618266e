/** Real logs against what Spec Kitty's own reducer says of them, and through a ledger and back. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { openMemoryStore } from "@mission-ledger/core";
import { type Ledger, ledgerOver } from "@mission-ledger/core/mission";
import { describe, expect, test } from "vitest";
import {
  emptyMeta,
  exportStatusLog,
  findings,
  type MissionFolder,
  parseStatusLog,
  planImport,
  readMeta,
  reduceStatusLog,
  runImport,
  snapshotText,
  stateObject,
  verdictOf,
} from "./index.ts";
import { compactJson } from "./json/write.ts";
import { killedAfter } from "./testing/interrupted.ts";

/** The oracle's words, as far as they are compared. */
interface Told {
  readonly rows: number;
  readonly transition_rows: number;
  readonly annotation_rows: number;
  readonly other_rows: number;
  readonly duplicate_event_ids: number;
  readonly event_count: number;
  readonly last_event_id: string | null;
  readonly materialized_at: string;
  readonly mission_slug: string;
  readonly snapshot_sha256: string;
  readonly summary: Readonly<Record<string, number>>;
  readonly committed_status_json: string;
  readonly anomalies: {
    readonly chain_breaks: readonly string[];
    readonly illegal_unforced: readonly string[];
    readonly forced: number;
    readonly rows_sorted: boolean;
    readonly transitions_sorted: boolean;
  };
  readonly work_packages: Readonly<Record<string, ToldWorkPackage>>;
}
interface ToldWorkPackage {
  readonly lane: string;
  readonly actor: string;
  readonly force_count: number;
  readonly last_event_id: string | null;
  readonly last_transition_at: string | null;
  readonly verdict: string;
  readonly state_sha256: string;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const corpus = resolve(import.meta.dirname, "../../../../shared/corpus");

for (const part of ["spec-kitty", "spec-kitty-history"]) {
  const folder = join(corpus, part);
  const oracle = join(folder, "oracle.json");
  if (!existsSync(oracle)) {
    console.warn(`skipped: ${folder} is not here`);
    test.skip(`the logs of ${part}`, () => {});
    continue;
  }
  const { missions } = JSON.parse(readFileSync(oracle, "utf8")) as {
    readonly missions: Readonly<Record<string, Told>>;
  };

  describe.each(Object.entries(missions))(`${part}/%s`, (name, told) => {
    const source = missionFolder(join(folder, name));
    const log = parseStatusLog(source.log);
    const reduction = reduceStatusLog(log.rows);
    const count = (kind: string): number => log.rows.filter((row) => row.kind === kind).length;

    test("every row is of a known kind and no byte is lost", () => {
      expect({
        rows: log.rows.length - count("blank"),
        transitions: count("transition"),
        annotations: count("annotation"),
        others: count("lifecycle") + count("retrospective"),
        trouble: count("malformed") + count("unknown"),
      }).toEqual({
        rows: told.rows,
        transitions: told.transition_rows,
        annotations: told.annotation_rows,
        others: told.other_rows,
        trouble: 0,
      });
      expect(
        Buffer.concat(log.rows.map(({ start, end }) => source.log.subarray(start, end))).equals(source.log),
      ).toBe(true);
    });

    test("the reducer answers what Spec Kitty's answers, byte for byte", () => {
      const workPackages = [...reduction.workPackages].map(([id, state]): [string, ToldWorkPackage] => [
        id,
        {
          lane: state.lane,
          actor: state.actor,
          force_count: state.forceCount,
          last_event_id: state.lastEventId,
          last_transition_at: state.lastTransitionAt,
          verdict: verdictOf(state),
          state_sha256: sha256(compactJson(stateObject(state))),
        },
      ]);
      expect(Object.fromEntries(workPackages)).toMatchObject(withoutSlots(told.work_packages));
      expect(workPackages.length).toBe(Object.keys(told.work_packages).length);
      expect(reduction).toMatchObject({
        eventCount: told.event_count,
        lastEventId: told.last_event_id,
        materializedAt: told.materialized_at,
        missionSlug: told.mission_slug,
      });
      const meta = source.meta === undefined ? emptyMeta : readMeta(source.meta as Uint8Array);
      expect(sha256(snapshotText(reduction, meta))).toBe(told.snapshot_sha256);
    });

    test("the findings name the oracle's anomalies", () => {
      const found = findings(log, reduction);
      const idsOf = (kind: string) =>
        found.filter((finding) => finding.kind === kind).map(({ eventId }) => eventId);
      expect(idsOf("chain_break")).toEqual(told.anomalies.chain_breaks);
      expect(idsOf("illegal_edge")).toEqual(told.anomalies.illegal_unforced);
      expect(idsOf("rows_out_of_order").length === 0).toBe(told.anomalies.rows_sorted);
      expect(idsOf("transitions_out_of_order").length === 0).toBe(told.anomalies.transitions_sorted);
      expect(idsOf("duplicate_event_id").length).toBe(told.duplicate_event_ids);
      expect(idsOf("malformed_field")).toEqual([]);
      const drift = planImport(source).findings.some(({ kind }) => kind === "status_drift");
      expect(drift).toBe(told.committed_status_json === "drift");
    });

    test("it goes into a ledger and comes out byte for byte", async () => {
      const ledger = ledgerOver({ store: openMemoryStore(), actor: "tester" });
      const plan = planImport(source);
      const outcome = await runImport(ledger, plan);
      expect(outcome).toMatchObject({
        repeated: 0,
        rows: told.rows,
        transitions: told.transition_rows,
        annotations: told.annotation_rows,
      });
      expect(
        Object.fromEntries(
          Object.entries(outcome.workPackages).map(([id, { lane, forceCount }]) => [id, [lane, forceCount]]),
        ),
      ).toEqual(
        Object.fromEntries(
          Object.entries(told.work_packages).map(([id, { lane, force_count }]) => [id, [lane, force_count]]),
        ),
      );
      await expectRoundTrip(ledger, plan.slug, source.log);
      expect(await runImport(ledger, plan)).toMatchObject({ written: 0, repeated: plan.commands.length });
    });

    test("an import killed at any command is finished by running it again", async () => {
      const plan = planImport(source);
      for (let survived = 1; survived < plan.commands.length; survived += 1) {
        const ledger = ledgerOver({ store: openMemoryStore(), actor: "tester" });
        await expect(runImport(killedAfter(ledger, survived), plan)).rejects.toThrow("killed");
        expect(await runImport(ledger, plan)).toMatchObject({ repeated: survived });
        await expectRoundTrip(ledger, plan.slug, source.log);
      }
    });
  });
}

const withoutSlots = (told: Readonly<Record<string, ToldWorkPackage>>) =>
  Object.fromEntries(
    Object.entries(told).map(
      ([id, { lane, actor, force_count, last_event_id, last_transition_at, verdict, state_sha256 }]) => [
        id,
        { lane, actor, force_count, last_event_id, last_transition_at, verdict, state_sha256 },
      ],
    ),
  );

function missionFolder(path: string): MissionFolder {
  const fileIn = (folder: string, file: string) =>
    existsSync(join(folder, file)) ? readFileSync(join(folder, file)) : undefined;
  const meta = fileIn(path, "meta.json");
  const lanes = fileIn(path, "lanes.json");
  const status = fileIn(path, "status.json");
  return {
    folderName: path.slice(path.lastIndexOf("/") + 1),
    log: readFileSync(join(path, "status.events.jsonl")),
    ...(meta === undefined ? {} : { meta }),
    ...(lanes === undefined ? {} : { lanes }),
    ...(status === undefined ? {} : { status }),
  };
}

const expectRoundTrip = async (ledger: Ledger, slug: string, log: Uint8Array): Promise<void> => {
  const exported = await exportStatusLog(ledger.mission(slug).history());
  expect(Buffer.from(exported).equals(log)).toBe(true);
};
