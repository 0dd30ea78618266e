import { storeConformance } from "@mission-ledger/testkit";
import { describe, it } from "vitest";
import { workTree } from "../testing/work-trees.ts";

/** A store with published copies is a file store like any other. */
storeConformance({
  describe,
  it,
  supports: { durable: true, multiProcess: true, decidesUnderLock: true, byteReadback: true },
  open: async () => {
    const tree = workTree();
    return { tree, store: await tree.open(), dispose: async () => {} };
  },
  reopen: ({ tree }) => tree.open(),
});
