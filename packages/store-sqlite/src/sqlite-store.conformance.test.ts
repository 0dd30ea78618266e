import fs from "node:fs";
import path from "node:path";
import { storeConformance } from "@mission-ledger/testkit";
import { describe, it } from "vitest";
import { openSqliteStore } from "./index.ts";
import { scratchDirectory } from "./testing/scratch.ts";
import { changeEvent } from "./testing/tamper.ts";

storeConformance({
  describe,
  it,
  title: "the SQLite store",
  supports: { durable: true, multiProcess: true, decidesUnderLock: true, byteReadback: true },
  open: async () => {
    const directory = scratchDirectory();
    const file = path.join(directory, "ledger.db");
    return {
      file,
      store: await openSqliteStore({ path: file }),
      dispose: async () => fs.rmSync(directory, { recursive: true, force: true }),
    };
  },
  reopen: ({ file }) => openSqliteStore({ path: file }),
  /** Changes an event's data and sums its row again, so that only the digest tells. */
  tamper: async ({ file }, stream, revision) =>
    changeEvent(file, stream, revision, (data) => ({ ...data, tampered: true })),
});
