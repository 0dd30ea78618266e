import fs from "node:fs";
import { storeConformance } from "@mission-ledger/testkit";
import { describe, it } from "vitest";
import { openFileStore } from "./index.ts";
import { layoutOf } from "./layout.ts";
import { sealLine } from "./log/sealed-line.ts";
import { scratchDirectory } from "./testing/scratch.ts";

for (const lock of ["kernel", "generation"] as const)
  storeConformance({
    describe: (title, cases) => describe(`${title}, with ${lock} locks`, cases),
    it,
    supports: { durable: true, multiProcess: true, decidesUnderLock: true, byteReadback: true },
    open: async () => {
      const directory = scratchDirectory();
      return {
        directory,
        store: await openFileStore({ directory, lock }),
        dispose: async () => fs.rmSync(directory, { recursive: true, force: true }),
      };
    },
    reopen: ({ directory }) => openFileStore({ directory, lock }),
    /** Changes an event's data and seals the line again, so that only the digest tells. */
    tamper: async ({ directory }, stream, revision) => {
      const { log } = layoutOf(directory).of(stream);
      const lines = fs.readFileSync(log, "utf8").trimEnd().split("\n");
      const changed = lines.map((line) => {
        const { crc: _, ...record } = JSON.parse(line);
        const event = record.events[revision - record.revision];
        if (event === undefined) return Buffer.from(`${line}\n`);
        event.data = { ...event.data, tampered: true };
        return sealLine(JSON.stringify(record));
      });
      fs.writeFileSync(log, Buffer.concat(changed));
    },
  });
