/**
 * Starts a server from a shell, on a free port or on the one after `--port`, or a cluster of three with `--cluster`; `--options`
 * takes what a program would pass, as JSON. Prints one line of JSON with port and URL, then obeys one line of JSON at a time, and
 * ends on SIGTERM, SIGINT or when standard input closes.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { startWireCluster } from "./cluster.ts";
import { obey, type WireTarget } from "./control.ts";
import { startWireServer } from "./start.ts";
import type { WireClusterOptions, WireServerOptions } from "./wire-server.ts";

const { values } = parseArgs({
  options: {
    cluster: { type: "boolean", default: false },
    options: { type: "string", default: "{}" },
    port: { type: "string" },
  },
});
const options: WireServerOptions & WireClusterOptions = {
  ...(JSON.parse(values.options) as WireServerOptions & WireClusterOptions),
  ...(values.port === undefined ? {} : { port: Number(values.port) }),
};

const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

interface Started {
  readonly target: WireTarget;
  /** What whoever started it wants to know. */
  readonly greeting: unknown;
  readonly stop: () => Promise<void>;
}

const open = async (): Promise<Started> => {
  if (values.cluster) {
    const cluster = await startWireCluster(options);
    const { nodes, url, stop } = cluster;
    const ports = nodes.map(({ port }) => port);
    return { target: { cluster, nodes }, greeting: { port: ports[0], url, ports }, stop };
  }
  const server = await startWireServer(options);
  const { port, url, stop } = server;
  return { target: { nodes: [server] }, greeting: { port, url }, stop };
};

const { target, greeting, stop } = await open();
const lines = createInterface({ input: process.stdin });

let isOver = false;
const end = (): void => {
  if (isOver) return;
  isOver = true;
  lines.close();
  process.stdin.destroy();
  void stop();
};
process.once("SIGTERM", end);
process.once("SIGINT", end);

let last: Promise<unknown> = Promise.resolve();
lines.on("line", (line) => {
  last = last.then(async () => say(await obey(target, line)));
});
lines.once("close", () => void last.finally(end));
// Last: whoever reads it may end the server at once.
say(greeting);
