/**
 * A writer in a process of its own, for races and kills: `worker.ts <directory> <name> <commands> [ending] [lock] [patient]`. The
 * ending is a failpoint and how often it is passed before, `append:write@2`; there it kills itself, or with `stop:` before it
 * stops. A patient writer repeats the same command id whatever the store refuses it with.
 */
import fs from "node:fs";
import {
  type Appended,
  emptyHead,
  isStoreFault,
  type RecordedEvent,
  type StreamHead,
} from "@mission-ledger/core";
import { commitOn, expectedAfter } from "@mission-ledger/testkit";
import { type LockChoice, openFileStore } from "../index.ts";

const [directory = "", name = "", count = "0", ending = "", lock = "auto", patience = ""] =
  process.argv.slice(2);
const stops = ending.startsWith("stop:");
const [last = "", passes = "0"] = ending.replace("stop:", "").split("@");
let left = Number(passes);
const failpoint = (point: string): void => {
  if (point !== last || left-- !== 0) return;
  if (stops) fs.writeSync(1, "stopping\n");
  process.kill(process.pid, stops ? "SIGSTOP" : "SIGKILL");
};
const store = await openFileStore({ directory, failpoint, lock: lock as LockChoice });
let head: StreamHead = emptyHead;
const write = async (commandId: string): Promise<Appended> => {
  for (;;)
    try {
      const appended = await store.append({
        commit: commitOn(head, commandId),
        expected: expectedAfter(head),
        decideAgain: (_missed, actual) => commitOn(actual, commandId),
        ...(head.mark === undefined ? {} : { mark: head.mark }),
      });
      if (appended._tag === "Conflict") throw new Error("conflict although it may decide again");
      const events = await store.readBack(appended);
      if (!isRead(events)) throw new Error("void although the lock was held");
      return appended;
    } catch (error) {
      if (patience === "" || !isStoreFault(error)) throw error;
      process.stderr.write(`${error.code}\n`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
};
const isRead = (events: object): events is readonly RecordedEvent[] => "length" in events;
for (let index = 0; index < Number(count); index += 1) {
  const commandId = `${name}-${index}`;
  const appended = await write(commandId);
  head = appended.head;
  process.stdout.write(`${commandId}\n`);
}
await store.close();
