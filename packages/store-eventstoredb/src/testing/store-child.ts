/** A process with a ledger on a server: works as told, closes, and has to end by itself. */
import { commandHandler, isStoreFault } from "@mission-ledger/core";
import { openEventStoreDb } from "../index.ts";

interface Added {
  readonly type: "Added";
}

const [url = "", what = ""] = process.argv.slice(2);
process.on("unhandledRejection", (reason) => {
  process.stdout.write(`unhandled ${String(reason)}\n`);
  process.exitCode = 9;
});

const store = await openEventStoreDb({
  url,
  ...(what === "leave" ? { deadlineMs: 500, budgetMs: 3_000 } : {}),
});
const handler = commandHandler<{ type: "Add"; at: string }, number, Added, { readonly _tag: "No" }>({
  store,
  decider: {
    category: "child",
    version: 1,
    initial: 0,
    decide: () => ({ _tag: "Right", right: [{ type: "Added" }] }),
    evolve: (total) => total + 1,
  },
  codec: {
    encode: ({ type }) => ({ type, version: 1, data: {} }),
    decode: () => ({ _tag: "Known", event: { type: "Added" } }),
  },
});
const add = (commandId?: string) =>
  handler.attempt(
    "child-1",
    { type: "Add", at: "2026-01-01T00:00:00.000Z" },
    { actor: "ana", ...(commandId === undefined ? {} : { commandId }) },
  )();
const say = (answer: Awaited<ReturnType<typeof add>>): string =>
  answer._tag === "Right"
    ? `receipt ${answer.right.revision}`
    : isStoreFault(answer.left)
      ? `${answer.left.code} ${answer.left.outcome}`
      : answer.left._tag;

const tail = (async () => {
  let events = 0;
  for await (const batch of store.subscribe({ category: "child" })) events += batch.length;
  return events;
})().catch(() => -1);
if (what === "work")
  for (const id of [undefined, "one", "one"]) process.stdout.write(`${say(await add(id))}\n`);
// Left in the middle: their answers are heard, and nothing of them goes on.
const left = what === "leave" ? [add("left-1"), add("left-2")] : [];
if (what === "leave") await new Promise((resolve) => setTimeout(resolve, 100));
await store.close();
for (const answer of await Promise.all(left)) process.stdout.write(`${say(answer)}\n`);
process.stdout.write(`subscription ${(await tail) >= 0 ? "ended" : "failed"}\n`);
