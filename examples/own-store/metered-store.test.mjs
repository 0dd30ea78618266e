/** The conformance suite on a store of one's own, with Node's test runner: any `describe` and `it` will do. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openMemoryStore } from "@mission-ledger/core";
import { ledgerOver } from "@mission-ledger/core/mission";
import { storeConformance } from "@mission-ledger/testkit";
import { meteredStore } from "./metered-store.mjs";

storeConformance({
  describe,
  it,
  title: "the metered store",
  open: async () => ({ store: meteredStore(openMemoryStore(), () => {}) }),
  supports: { decidesUnderLock: true },
});

describe("the metered store", () => {
  it("sees each append of a mission", async () => {
    const seen = [];
    const ledger = ledgerOver({
      store: meteredStore(openMemoryStore(), (append) => seen.push(append)),
      actor: "ada",
    });
    const create = {
      type: "CreateMission",
      slug: "m",
      title: "M",
      missionId: "m",
      dependencyMetAt: "approved",
    };
    await ledger.mission("m").execute(create);
    assert.deepEqual(
      seen.map(({ stream, answer }) => ({ stream, answer })),
      [{ stream: "mission-m", answer: "Appended" }],
    );
  });
});
