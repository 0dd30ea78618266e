/** Gateways and servers of a test, which are closed behind it. */

import { type GatewayOptions, openGateway } from "../gateway/open-gateway.ts";
import type { Gateway } from "../gateway-port.ts";
import { type Script, type ScriptedServer, scriptedServer } from "./scripted-server.ts";

export interface Opened {
  open(options: GatewayOptions): Promise<Gateway>;
  /** A server that answers as told, and a gateway to it. */
  with(
    script: Script,
    options?: Partial<GatewayOptions>,
  ): Promise<{ readonly gateway: Gateway; readonly server: ScriptedServer }>;
  later(stop: () => unknown): void;
  close(): Promise<void>;
}

export const opened = (): Opened => {
  const toStop: (() => unknown)[] = [];
  const open = async (options: GatewayOptions): Promise<Gateway> => {
    const gateway = await openGateway(options);
    toStop.push(() => gateway.close());
    return gateway;
  };
  return {
    open,
    with: async (script, options = {}) => {
      const server = await scriptedServer(script);
      toStop.push(server.stop);
      return { server, gateway: await open({ url: server.url, ...options }) };
    },
    later: (stop) => toStop.push(stop),
    close: async () => {
      for (const stop of toStop.splice(0).reverse()) await stop();
    },
  };
};

/** What an append says that is not about the test. */
export const happened = {
  id: "6b1e9f8e-3f0a-4c58-9a55-0a4c7a3f2b10",
  type: "Happened",
  data: { a: 1 },
  metadata: { b: 2 },
} as const;
