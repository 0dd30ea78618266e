/** A store as the packed packages bring it, asked through the command and through the library. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { check, endsWell } from "./checklist.mjs";
import { run } from "./programs.mjs";

export const all = { capture: "all" };

const program = `
import { openLedger } from "mission-ledger";
try {
  const ledger = await openLedger({ store: process.argv[2], actor: "ada" });
  const mission = await ledger.createMission({ slug: "hello", title: "Hello" });
  const receipt = await (await mission.addWorkPackage({ id: "WP01", title: "One" })).note("kept");
  console.log(JSON.stringify({ readback: receipt.readback }));
  await ledger.close();
} catch ({ code, outcome, hint }) {
  console.log(JSON.stringify({ code, outcome, hint }));
}
`;

/** Not through npm or pnpm, which print what they think among the JSON. */
export const commandIn =
  (cwd) =>
  (...args) =>
    run([process.execPath, path.join(cwd, "node_modules/mission-ledger/bin/mled.cjs"), ...args], {
      ...all,
      cwd,
    });

/** What the library prints as JSON. */
export const askLibrary = async (cwd, address) => {
  writeFileSync(path.join(cwd, "program.mjs"), program);
  return JSON.parse(endsWell(await run([process.execPath, "program.mjs", address], { ...all, cwd })));
};

/** What both print as JSON, each on a ledger of its own. */
export const askBoth = async ({ mled, cwd, forCommand, forLibrary }) => {
  const { code, output } = await mled("init", "--store", forCommand, "--json");
  const library = await askLibrary(cwd, forLibrary);
  return { exit: code, command: JSON.parse(output), library };
};

/** Throws unless both keep a mission there. */
export const keepsAMission = async ({ mled, cwd, forCommand, forLibrary, store }) => {
  const { exit, command, library } = await askBoth({ mled, cwd, forCommand, forLibrary });
  if (exit !== 0 || command.data?.store !== store || library.readback !== "verified")
    throw new Error(JSON.stringify({ exit, command, library }, null, 2));
  const at = ["--store", forCommand, "--as", "ada"];
  endsWell(await mled("mission", "create", "hello", "Hello", ...at));
  endsWell(await mled("wp", "add", "hello", "A first package", "--id", "WP01", ...at));
  endsWell(await mled("wp", "claim", "hello/WP01", ...at));
  endsWell(await mled("verify", "--store", forCommand));
};

/** Throws unless the library says that something is missing, and each of these words. */
export const saysMissing = ({ code, outcome, hint }, words) => {
  if (code !== "DRIVER_MISSING" || outcome !== "not_written" || !words.every((word) => hint.includes(word)))
    throw new Error(
      `not DRIVER_MISSING, or not ${words.join(", ")}: ${JSON.stringify({ code, outcome, hint })}`,
    );
};

/** An empty project of pnpm's with the tarballs; `undefined` where they cannot be installed. */
export const installedWithPnpm = async (pnpm, scratch, tarballs) => {
  const cwd = path.join(scratch, "consumer-pnpm");
  mkdirSync(cwd);
  const overrides = Object.fromEntries(tarballs.map(({ name, tarball }) => [name, `file:${tarball}`]));
  const dependencies = { "mission-ledger": overrides["mission-ledger"] };
  writeFileSync(
    path.join(cwd, "package.json"),
    JSON.stringify({
      name: "consumer-pnpm",
      private: true,
      type: "module",
      dependencies,
      pnpm: { overrides },
    }),
  );
  // A project of its own, whatever lies above it.
  writeFileSync(path.join(cwd, "pnpm-workspace.yaml"), "packages: []\n");
  const ready = await check("an empty project installs the tarballs with pnpm", async () =>
    endsWell(await run([...pnpm, "install", "--prefer-offline"], { ...all, cwd })),
  );
  return ready ? cwd : undefined;
};
