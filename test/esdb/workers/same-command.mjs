/** One of two that send the same command at the same moment. Says what came of it, and tries again when it is told to. */
import { LedgerError } from "@mission-ledger/core";
import { ledgerOver } from "@mission-ledger/core/mission";
import { storeNamed } from "../../stores/index.mjs";
import { persist } from "../../workers/persist.mjs";

const [place] = process.argv.slice(2);
const { answer: store } = await persist(() => storeNamed("eventstoredb").open(place));
const ledger = ledgerOver({ store, actor: "the same hand" });

const receiptOf = ({ eventIds, revision, digest, repeated, readback }) => ({
  _tag: "Receipt",
  eventIds,
  revision,
  digest,
  repeated,
  readback,
});

process.on("message", async ({ slug, request, commandId, at, persists }) => {
  const mission = ledger.mission(slug);
  // Known beforehand, so that both are as quick as they can be once the moment comes.
  if (at !== undefined) await persist(() => mission.state());
  while (at !== undefined && Date.now() < at) await new Promise((resolve) => setImmediate(resolve));
  try {
    const execute = () => mission.execute(request, { commandId });
    process.send(receiptOf(persists ? (await persist(execute)).answer : await execute()));
  } catch (error) {
    if (!LedgerError.is(error)) throw error;
    const { code, outcome, retryable } = error;
    process.send({ _tag: "Fault", code, outcome, retryable });
  }
});
process.on("disconnect", () => process.exit(0));
process.send({ _tag: "Ready" });
