/**
 * SQLite as the packed packages bring it: what is said where its binary is missing, and that it works where it is there, as
 * npm lays packages out and as pnpm does.
 */
import { cpSync, mkdirSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { check, endsWell } from "./checklist.mjs";
import { root, run } from "./programs.mjs";

const all = { capture: "all" };
const binary = "build/Release/better_sqlite3.node";
const driver = realpathSync(path.join(root, "packages/store-sqlite/node_modules/better-sqlite3"));

/** The binary that the workspace was installed with: installations here run no scripts, so they lack it. */
const putBinaryIn = (installedDriver) => {
  mkdirSync(path.dirname(path.join(installedDriver, binary)), { recursive: true });
  cpSync(path.join(driver, binary), path.join(installedDriver, binary));
};

const program = `
import { openLedger } from "mission-ledger";
try {
  const ledger = await openLedger({ store: "sqlite:program.db", actor: "ada" });
  const mission = await ledger.createMission({ slug: "hello", title: "Hello" });
  const receipt = await (await mission.addWorkPackage({ id: "WP01", title: "One" })).note("kept");
  console.log(JSON.stringify({ readback: receipt.readback }));
  await ledger.close();
} catch ({ code, outcome, hint }) {
  console.log(JSON.stringify({ code, outcome, hint }));
}
`;

/** What the command and the library print as JSON, each on its own database. */
const askBoth = async (mled, cwd) => {
  rmSync(path.join(cwd, "command.db"), { force: true });
  writeFileSync(path.join(cwd, "sqlite.mjs"), program);
  const { code, output } = await mled("init", "--store", "sqlite:command.db", "--json");
  const library = endsWell(await run([process.execPath, "sqlite.mjs"], { ...all, cwd }));
  return { exit: code, command: JSON.parse(output), library: JSON.parse(library) };
};

const isMissing = async (mled, cwd, words) => {
  const { exit, command, library } = await askBoth(mled, cwd);
  const told = JSON.stringify({ exit, error: command.error, library }, null, 2);
  if (exit !== 7 || command.error?.code !== "DRIVER_MISSING" || command.error.outcome !== "not_written")
    throw new Error(`the command does not say DRIVER_MISSING:\n${told}`);
  if (library.code !== "DRIVER_MISSING" || library.outcome !== "not_written")
    throw new Error(`the library does not say DRIVER_MISSING:\n${told}`);
  for (const word of words)
    if (!command.error.hint.includes(word) || !library.hint.includes(word))
      throw new Error(`nothing says ${word}:\n${told}`);
};

const works = async (mled, cwd) => {
  const { exit, command, library } = await askBoth(mled, cwd);
  if (exit !== 0 || command.data?.store !== "sqlite" || library.readback !== "verified")
    throw new Error(JSON.stringify({ exit, command, library }, null, 2));
  const at = ["--store", "sqlite:command.db", "--as", "ada"];
  endsWell(await mled("mission", "create", "hello", "Hello", ...at));
  endsWell(await mled("wp", "add", "hello", "A first package", "--id", "WP01", ...at));
  endsWell(await mled("wp", "claim", "hello/WP01", ...at));
  endsWell(await mled("verify", "--store", "sqlite:command.db"));
};

/** Not through npm or pnpm, which print what they think among the JSON. */
const commandIn =
  (cwd) =>
  (...args) =>
    run([process.execPath, path.join(cwd, "node_modules/mission-ledger/bin/mled.cjs"), ...args], {
      ...all,
      cwd,
    });

const fixes = ["pnpm rebuild better-sqlite3", "npm rebuild better-sqlite3", "onlyBuiltDependencies"];

/** `consumer` has the tarballs installed by npm, without having run a script. */
export const checkSqliteWithNpm = async (consumer) => {
  const mled = commandIn(consumer);
  await check("with npm, command and library say how to get SQLite's missing binary", () =>
    isMissing(mled, consumer, fixes),
  );
  await check("with npm, both keep a mission in SQLite once the binary is there", async () => {
    putBinaryIn(path.join(consumer, "node_modules/better-sqlite3"));
    await works(mled, consumer);
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
export const checkSqliteWithPnpm = async (pnpm, scratch, tarballs) => {
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
  if (!ready) return;
  const mled = commandIn(cwd);
  await check("with pnpm, command and library say how to get SQLite's missing binary", () =>
    isMissing(mled, cwd, fixes),
  );
  await check("with pnpm, both keep a mission in SQLite once the binary is there", async () => {
    const folder = path.join(cwd, "node_modules/.pnpm");
    const [installedDriver] = readdirSync(folder).filter((name) => name.startsWith("better-sqlite3@"));
    putBinaryIn(path.join(folder, installedDriver, "node_modules/better-sqlite3"));
    await works(mled, cwd);
  });
};
