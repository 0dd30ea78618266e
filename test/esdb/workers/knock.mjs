/** Asks once, before hundreds of tests do, whether anybody is at home and lets us write; says what stands in the way. */
import { digestOf, emptyHead, LedgerError, sealCommit } from "@mission-ledger/core";
import { openEventStoreDb } from "@mission-ledger/store-eventstoredb";
import { persist } from "../../workers/persist.mjs";

const [url, namespace] = process.argv.slice(2);
/** Milliseconds: a server that is on its way up, or a cluster that elects. */
const patienceMs = 45_000;

const commit = sealCommit(
  emptyHead,
  {
    stream: "mission-knock",
    commandId: "knock",
    commandDigest: digestOf("knock"),
    actor: "tests",
    recordedAt: "2026-01-02T03:04:05.678Z",
  },
  [{ type: "Knocked", version: 1, data: {} }],
);

let store;
try {
  store = await openEventStoreDb({ url, namespace });
  const { answer, setbacks } = await persist(
    async () => store.readBack(await store.append({ commit, expected: "no_stream" })),
    { patienceMs },
  );
  if (answer.length !== 1) throw new Error("what was written was not read back");
  console.log(
    `esdb: the server takes a command${setbacks.length === 0 ? "" : ` after ${setbacks.join(", ")}`}`,
  );
} catch (error) {
  process.exitCode = 1;
  if (!LedgerError.is(error)) throw error;
  console.error(`esdb: ${error.code}: ${error.message}\nesdb: ${error.hint ?? "No tests were run."}`);
} finally {
  await store?.close();
}
