/** A server for as long as a bench runs: the one that is named, or the wire server in a process of its own. */
import { fileURLToPath } from "node:url";
import { startWireProcess } from "@mission-ledger/wire-server";

const program = fileURLToPath(new URL("../../packages/wire-server/dist/main.js", import.meta.url));

/** @param {string} store `wire`, or the address of a server */
export const serverFor = async (store) => {
  if (store !== "wire") return { url: store, close: async () => {} };
  const { url, stop } = await startWireProcess({ program });
  return { url, close: stop };
};

/** The same address with a ledger of its own, so that nothing else on the server is touched. */
export const withLedger = (url, ledger) => `${url}${url.includes("?") ? "&" : "?"}ledger=${ledger}`;
