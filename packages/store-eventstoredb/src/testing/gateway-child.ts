/**
 * A process with a gateway: `<url> <what>`, what is one of `work` (all calls, then close), `hang` (all calls at once, closed before
 * an answer) and `fail` (an append that fails, then close). Says what came of each call, and what would still keep it alive.
 */

import { openGateway } from "../gateway/open-gateway.ts";
import { type Gateway, GatewayFailure } from "../gateway-port.ts";

const [url = "", what = "work"] = process.argv.slice(2);
const said = (line: string): void => void process.stdout.write(`${line}\n`);
process.on("unhandledRejection", (reason) => said(`unhandled ${String(reason)}`));
process.on("uncaughtException", (error) => said(`uncaught ${String(error)}`));

const event = {
  id: "6b1e9f8e-3f0a-4c58-9a55-0a4c7a3f2b10",
  type: "Happened",
  data: { word: "payload-in-clear" },
  metadata: {},
};
const range = { stream: "s-1", from: "start", direction: "forwards", maxCount: 10 } as const;
const append = (gateway: Gateway) =>
  gateway.append({ stream: "s-1", expected: "no_stream", events: [event] }).then(({ _tag }) => _tag);
const heard = async (gateway: Gateway): Promise<string> => {
  for await (const { _tag } of gateway.subscribe({ after: "start" })) return _tag;
  return "ended";
};
const told = (name: string, call: Promise<string>): Promise<void> =>
  call.then(
    (answer) => said(`${name}: ${answer}`),
    (error: unknown) => said(`${name}: ${error instanceof GatewayFailure ? error.kind : String(error)}`),
  );

const gateway = await openGateway({ url });
const calls = (): readonly Promise<void>[] => [
  told("append", append(gateway)),
  told(
    "read",
    gateway.readRange(range).then(({ _tag }) => _tag),
  ),
  told(
    "read all",
    gateway.readAll({ ...range }).then(() => "Events"),
  ),
  told("subscribe", heard(gateway)),
];
switch (what) {
  case "work":
    await Promise.all(calls());
    break;
  case "fail":
    await told("append", append(gateway));
    break;
}
const open = what === "hang" ? calls() : [];
// Long enough to be on the wire.
if (what === "hang") await new Promise((resolve) => setTimeout(resolve, 100));
await gateway.close();
await Promise.all(open);
await told("after", append(gateway));
const holding = (): readonly string[] =>
  process.getActiveResourcesInfo().filter((kind) => !/^(Pipe|TTY|FS|File|Immediate)/.test(kind));
// A connection that was closed is gone some turns later; what a deadline or a keep-alive holds stays longer than these.
for (let turns = 0; turns < 100 && holding().length > 0; turns += 1)
  await new Promise((resolve) => setTimeout(resolve, 20));
const alive = holding();
said(`alive: ${alive.length === 0 ? "nothing" : alive.join(",")}`);
