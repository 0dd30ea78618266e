/** Starts a server from a shell: prints one line of JSON with its port and URL, ends on SIGTERM or when standard input closes. */
import process from "node:process";
import { startWireServer } from "./start.ts";

const server = await startWireServer();
process.stdout.write(`${JSON.stringify({ port: server.port, url: server.url })}\n`);

const end = (): void => {
  void server.stop();
  process.stdin.destroy();
};
process.once("SIGTERM", end);
process.once("SIGINT", end);
process.stdin.once("end", end);
process.stdin.resume();
