/**
 * EventStoreDB as the packed packages bring it, over the workspace's own test server: that it works as npm lays packages out and
 * as pnpm does, and what is said where its package was left out.
 */
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import path from "node:path";
import { check } from "./checklist.mjs";
import { askLibrary, commandIn, keepsAMission, saysMissing } from "./packed-store.mjs";
import { root } from "./programs.mjs";

/** Runs `use` with the address of a server that ends afterwards. */
const withServer = async (use) => {
  const server = spawn(process.execPath, [path.join(root, "packages/wire-server/dist/main.js")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const line = await new Promise((resolve, reject) => {
      server.once("error", reject);
      server.once("close", () => reject(new Error("the test server ended")));
      server.stdout.setEncoding("utf8").once("data", resolve);
    });
    return await use(JSON.parse(line).url);
  } finally {
    server.kill();
  }
};

const works = (cwd) =>
  withServer((url) =>
    keepsAMission({
      mled: commandIn(cwd),
      cwd,
      forCommand: `${url}&ledger=command`,
      forLibrary: `${url}&ledger=library`,
      store: "eventstoredb",
    }),
  );

export const checkEventStoreDbWithNpm = async (consumer) => {
  await check("with npm, command and library keep a mission on a server", () => works(consumer));
  await check(
    "with npm, the library says how to get the store of a server where it was left out",
    async () => {
      for (const name of ["@mission-ledger/store-eventstoredb", "@eventstore/db-client"])
        rmSync(path.join(consumer, "node_modules", name), { recursive: true });
      saysMissing(await askLibrary(consumer, "esdb://127.0.0.1:1?tls=false"), [
        "npm install @mission-ledger/store-eventstoredb",
      ]);
    },
  );
  await check("with npm, the command brings its own client along", () =>
    withServer(async (url) => {
      const { code, output } = await commandIn(consumer)("init", "--store", url, "--json");
      if (code !== 0) throw new Error(output);
    }),
  );
};

export const checkEventStoreDbWithPnpm = (cwd) =>
  check("with pnpm, command and library keep a mission on a server", () => works(cwd));
