/** Golden logs: what each version of the format left on disk is read for ever, and moved on by the newest version. */
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { checkLink, digestOfEvent, emptyHead, type StreamHead } from "@mission-ledger/core";
import { ledgerOver, missionCodec } from "@mission-ledger/core/mission";
import { inspectStream, openFileStore } from "@mission-ledger/store-file";
import { afterAll, describe, expect, test } from "vitest";

const home = path.join(import.meta.dirname, "golden");
const versions = readdirSync(home).filter((name) => /^v\d+(?:\.\d+)?$/.test(name));
const scratch = mkdtempSync(path.join(tmpdir(), "mission-ledger-golden-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Every file below a folder, by the hash of its bytes. */
const hashesOf = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => statSync(path.join(folder, name)).isFile())
      .map((name) => [
        name,
        createHash("sha256")
          .update(readFileSync(path.join(folder, name)))
          .digest("hex"),
      ]),
  );

test("there is a golden log of version 1, and one of the events that came to it later", () => {
  expect(versions).toEqual(expect.arrayContaining(["v1", "v1.1"]));
});

test("every event that a command writes stands in a golden log", async () => {
  const types = new Set<string>();
  for (const version of versions) {
    const store = await openFileStore({ directory: path.join(home, version) });
    for await (const batch of store.readAll()) for (const { type } of batch) types.add(type);
    await store.close();
  }
  // Written by `reconcile`; it is about branches of a log and not about a mission.
  types.add("StreamReconciled");
  expect([...types].sort()).toEqual([...(missionCodec.versions?.keys() ?? [])].sort());
});

describe.each(versions)("the golden log of format %s", (version) => {
  const directory = path.join(home, version);

  test("is read without a change on disk, every digest and link proven", async () => {
    const before = hashesOf(directory);
    const store = await openFileStore({ directory });
    const streams = await store.streams("mission");
    expect(streams).toEqual(expect.arrayContaining(["mission-golden", "mission-golden-import"]));
    let events = 0;
    for (const stream of streams) {
      let head: StreamHead = emptyHead;
      for await (const batch of store.read(stream))
        for (const event of batch) {
          expect(digestOfEvent(event)).toBe(event.digest);
          expect(checkLink(head, event)).toBeUndefined();
          head = { revision: event.revision, digest: event.digest };
          events += 1;
        }
      expect(inspectStream({ directory, stream })).toMatchObject({
        findings: [],
        brokenLinks: [],
        tornBytes: 0,
      });
    }
    let inOrder = 0;
    for await (const batch of store.readAll()) inOrder += batch.length;
    expect(inOrder).toBe(events);
    await store.close();
    expect(hashesOf(directory)).toEqual(before);
  });

  test("holds every event type of its time, and each is known", async () => {
    const store = await openFileStore({ directory });
    const types = new Set<string>();
    for await (const batch of store.readAll())
      for (const event of batch) {
        types.add(event.type);
        expect(missionCodec.decode(event)._tag, event.type).toBe("Known");
      }
    await store.close();
    expect(types.size).toBeGreaterThanOrEqual(20);
  });

  test("folds to the state that was written down beside it", async () => {
    const folded = JSON.parse(readFileSync(path.join(directory, "folded.json"), "utf8")) as Record<
      string,
      unknown
    >;
    const ledger = ledgerOver({ store: await openFileStore({ directory }), actor: "reader" });
    expect(await ledger.missions()).toEqual(Object.keys(folded));
    for (const [slug, state] of Object.entries(folded))
      expect(await ledger.mission(slug).state()).toEqual(state);
    await ledger.close();
  });

  test("is moved on by this version, in a copy", async () => {
    const copy = path.join(scratch, version);
    cpSync(directory, copy, { recursive: true });
    const ledger = ledgerOver({ store: await openFileStore({ directory: copy }), actor: "ada" });
    const request = {
      type: "ClaimWorkPackage",
      workPackageId: "WP02",
      kind: "implement",
      leaseMs: 60_000,
    } as const;
    const receipt = await ledger.mission("golden").execute(request);
    expect(receipt.readback).toBe("verified");
    await ledger.close();
    expect(inspectStream({ directory: copy, stream: "mission-golden" })).toMatchObject({
      findings: [],
      brokenLinks: [],
    });
  });
});
