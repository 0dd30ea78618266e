/** The program as a shell starts it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { EventStoreDBClient, jsonEvent } from "@eventstore/db-client";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { bundledMain } from "./testing/bundle.ts";

let main: Awaited<ReturnType<typeof bundledMain>>;
beforeAll(async () => {
  main = await bundledMain();
});
afterAll(() => main.remove());

const started = async (): Promise<{
  readonly child: ChildProcess;
  readonly port: number;
  readonly url: string;
}> => {
  const child = spawn(process.execPath, [main.file], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, ...(JSON.parse(line) as { readonly port: number; readonly url: string }) };
};

test("says where it listens, serves, and ends by itself when standard input closes", async () => {
  const { child, port, url } = await started();
  expect(url).toBe(`esdb://127.0.0.1:${port}?tls=false`);
  const client = EventStoreDBClient.connectionString(url);
  const event = jsonEvent({ type: "T", data: {} });
  const credentials = { username: "nobody", password: "nothing" };
  expect(await client.appendToStream("mission-1", event, { credentials })).toMatchObject({ success: true });
  // A subscription is open while it ends: nothing that a client holds may keep it alive.
  const subscription = client.subscribeToAll();
  subscription.on("error", () => {});
  await once(subscription, "confirmation");
  child.stdin?.end();
  expect(await once(child, "exit")).toEqual([0, null]);
  await client.dispose();
});

test("ends by itself on SIGTERM", async () => {
  const { child } = await started();
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});
