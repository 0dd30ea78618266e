/**
 * SQLite as the packed packages bring it: what is said where its binary is missing, and that it works where it is there, as
 * npm lays packages out and as pnpm does.
 */
import { cpSync, mkdirSync, readdirSync, realpathSync, rmSync } from "node:fs";
import path from "node:path";
import { check, endsWell } from "./checklist.mjs";
import { askBoth, commandIn, keepsAMission, saysMissing } from "./packed-store.mjs";
import { root } from "./programs.mjs";

const binary = "build/Release/better_sqlite3.node";
const driver = realpathSync(path.join(root, "packages/store-sqlite/node_modules/better-sqlite3"));

/** The binary that the workspace was installed with: installations here run no scripts, so they lack it. */
const putBinaryIn = (installedDriver) => {
  mkdirSync(path.dirname(path.join(installedDriver, binary)), { recursive: true });
  cpSync(path.join(driver, binary), path.join(installedDriver, binary));
};

/** Each asks on a database of its own; the command's is made anew. */
const asked = (mled, cwd) => {
  rmSync(path.join(cwd, "command.db"), { force: true });
  return { mled, cwd, forCommand: "sqlite:command.db", forLibrary: "sqlite:program.db", store: "sqlite" };
};

const isMissing = async (mled, cwd, words) => {
  const { exit, command, library } = await askBoth(asked(mled, cwd));
  if (exit !== 7) throw new Error(`the command ends with ${exit}: ${JSON.stringify(command)}`);
  saysMissing(command.error ?? {}, words);
  saysMissing(library, words);
};

const fixes = ["pnpm rebuild better-sqlite3", "npm rebuild better-sqlite3", "onlyBuiltDependencies"];

/** `consumer` has the tarballs installed by npm, without having run a script. */
export const checkSqliteWithNpm = async (consumer) => {
  const mled = commandIn(consumer);
  await check("with npm, command and library say how to get SQLite's missing binary", () =>
    isMissing(mled, consumer, fixes),
  );
  await check("with npm, both keep a mission in SQLite once the binary is there", async () => {
    putBinaryIn(path.join(consumer, "node_modules/better-sqlite3"));
    await keepsAMission(asked(mled, consumer));
  });
  await check("with npm, both say how to get the SQLite store where it was left out", async () => {
    rmSync(path.join(consumer, "node_modules/@mission-ledger/store-sqlite"), { recursive: true });
    rmSync(path.join(consumer, "node_modules/better-sqlite3"), { recursive: true });
    await isMissing(mled, consumer, ["npm install @mission-ledger/store-sqlite"]);
    // What needs no SQLite goes on as before.
    endsWell(await mled("init", "--ledger", "without-sqlite"));
  });
};

/** As pnpm lays packages out, nobody but store-sqlite sees its driver; and it builds nothing that was not allowed to. */
export const checkSqliteWithPnpm = async (cwd) => {
  const mled = commandIn(cwd);
  await check("with pnpm, command and library say how to get SQLite's missing binary", () =>
    isMissing(mled, cwd, fixes),
  );
  await check("with pnpm, both keep a mission in SQLite once the binary is there", async () => {
    const folder = path.join(cwd, "node_modules/.pnpm");
    const [installedDriver] = readdirSync(folder).filter((name) => name.startsWith("better-sqlite3@"));
    putBinaryIn(path.join(folder, installedDriver, "node_modules/better-sqlite3"));
    await keepsAMission(asked(mled, cwd));
  });
};
