/**
 * Starts a server from a shell, on a free port or on the one after `--port`: prints one line of JSON with its port and URL, ends
 * on SIGTERM, SIGINT or when standard input closes.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { startWireServer } from "./start.ts";

const { values } = parseArgs({ options: { port: { type: "string" } } });
const server = await startWireServer(values.port === undefined ? {} : { port: Number(values.port) });

const end = (): void => {
  process.stdin.destroy();
  void server.stop();
};
process.once("SIGTERM", end);
process.once("SIGINT", end);
process.stdin.once("end", end);
process.stdin.resume();
// Last: whoever reads it may end the server at once.
process.stdout.write(`${JSON.stringify({ port: server.port, url: server.url })}\n`);
