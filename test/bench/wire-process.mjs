/** A server for as long as a bench runs: the one that is named, or the wire server in a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../packages/wire-server/dist/main.js", import.meta.url));

/** Answers with the server's address and what ends it. It also ends with this process, however that ends. */
export const startWireProcess = async () => {
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, "line"),
    ended.then(([code]) => {
      throw new Error(`the wire server ended with ${code}`);
    }),
  ]);
  const close = async () => {
    child.stdin.end();
    await ended;
  };
  return { url: JSON.parse(line).url, pid: child.pid, close };
};

/** @param {string} store `wire`, or the address of a server */
export const serverFor = async (store) =>
  store === "wire" ? startWireProcess() : { url: store, close: async () => {} };

/** The same address with a ledger of its own, so that nothing else on the server is touched. */
export const withLedger = (url, ledger) => `${url}${url.includes("?") ? "&" : "?"}ledger=${ledger}`;
