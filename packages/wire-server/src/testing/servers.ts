/** Servers and clients of a test, all gone when it is over, the last first. */
import { onTestFinished } from "vitest";
import { startWireServer } from "../start.ts";
import type { WireServer, WireServerOptions } from "../wire-server.ts";
import { type RawClient, rawClient } from "./raw-calls.ts";

export const atEnd = (end: () => void | Promise<void>): void => onTestFinished(async () => end());

export const client = (port: number, options: { readonly ca?: string } = {}): RawClient => {
  const made = rawClient(port, options);
  atEnd(made.close);
  return made;
};

/** A server and a client of it. */
export const served = async (
  options: WireServerOptions = {},
  { ca }: { readonly ca?: string } = {},
): Promise<{ readonly server: WireServer; readonly raw: RawClient }> => {
  const server = await startWireServer(options);
  atEnd(server.stop);
  return { server, raw: client(server.port, ca === undefined ? {} : { ca }) };
};

/** Types of what is stored in a stream, as the server's own log has it. */
export const stored = (server: WireServer, stream: string): readonly string[] =>
  server.events(stream).map(({ type }) => type);
