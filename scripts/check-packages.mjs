/**
 * The packages as npm would carry them: packed, judged by publint and arethetypeswrong, installed from their tarballs into
 * an empty project, imported, required, compiled against and run there. Ends with one line: `N passed, N failed`.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { check, endsWell, finish } from "./checklist.mjs";
import { checkEventStoreDbWithNpm, checkEventStoreDbWithPnpm } from "./packed-eventstoredb.mjs";
import { checkSqliteWithNpm, checkSqliteWithPnpm } from "./packed-sqlite.mjs";
import { installedWithPnpm } from "./packed-store.mjs";
import { findPnpm } from "./pnpm.mjs";
import { installed, npm, root, run } from "./programs.mjs";

const scratch = mkdtempSync(path.join(tmpdir(), "mission-ledger-packed-"));
const consumer = path.join(scratch, "consumer");
const all = { capture: "all" };

const packages = readdirSync(path.join(root, "packages"))
  .map((folder) => ({
    folder,
    ...JSON.parse(readFileSync(path.join(root, "packages", folder, "package.json"), "utf8")),
  }))
  .filter((manifest) => manifest.private !== true);

/** Every way in: the package itself and its subpaths, without package.json. */
const entries = packages.flatMap(({ name, exports }) =>
  Object.keys(exports)
    .filter((entry) => !entry.endsWith(".json"))
    .map((entry) => `${name}${entry.slice(1)}`),
);

try {
  const { command: pnpm } = await findPnpm();
  const tarballs = [];
  for (const { name, folder, version } of packages)
    await check(`${name} is packed`, async () => {
      const cwd = path.join(root, "packages", folder);
      endsWell(await run([...pnpm, "pack", "--pack-destination", scratch], { ...all, cwd }));
      const tarball = path.join(scratch, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);
      tarballs.push({ name, tarball });
      const files = endsWell(await run(["tar", "-tzf", tarball], all))
        .trim()
        .split("\n");
      const unwanted = files.filter((file) => /\.test\.|\.tsbuildinfo$|node_modules|\.tgz$/.test(file));
      if (unwanted.length > 0) throw new Error(`it carries what nobody needs:\n${unwanted.join("\n")}`);
      for (const file of ["package/package.json", "package/LICENSE", "package/README.md"])
        if (!files.includes(file)) throw new Error(`it lacks ${file}`);
      if (name === "mission-ledger" && !files.includes("package/dist/bin/mled-third-party.txt"))
        throw new Error("it lacks the licences of what is bundled");
      const packed = JSON.parse(endsWell(await run(["tar", "-xzOf", tarball, "package/package.json"], all)));
      const { dependencies = {}, optionalDependencies = {} } = packed;
      const unresolved = JSON.stringify([dependencies, optionalDependencies]).match(/workspace:|catalog:/g);
      if (unresolved !== null) throw new Error(`its dependencies hold ${unresolved.join(" and ")}`);
    });

  for (const { name, tarball } of tarballs) {
    await check(`${name}: publint finds nothing`, async () =>
      endsWell(await run(installed("publint/src/cli.js", tarball, "--strict"), all)),
    );
    await check(`${name}: its types are right`, async () =>
      endsWell(
        await run(
          installed("@arethetypeswrong/cli/dist/index.js", tarball, "--profile", "esm-only", "--no-color"),
          all,
        ),
      ),
    );
  }

  mkdirSync(consumer);
  const write = (file, text) => writeFileSync(path.join(consumer, file), text);
  const inConsumer = { ...all, cwd: consumer };
  write("package.json", JSON.stringify({ name: "consumer", private: true, type: "module" }));
  const ready = await check("an empty project installs the tarballs with npm", async () =>
    endsWell(
      await run(
        npm(
          "install",
          "--no-audit",
          "--no-fund",
          "--no-progress",
          "--ignore-scripts",
          ...tarballs.map(({ tarball }) => tarball),
        ),
        inConsumer,
      ),
    ),
  );
  if (ready && tarballs.length > 0) {
    for (const entry of entries) {
      await check(`${entry} is imported there`, async () => {
        write(
          "import.mjs",
          `import * as all from ${JSON.stringify(entry)};\nif (Object.keys(all).length === 0) throw new Error("it exports nothing");\n`,
        );
        endsWell(await run([process.execPath, "import.mjs"], inConsumer));
      });
      await check(`${entry} is required from CommonJS there`, async () => {
        write(
          "require.cjs",
          `if (Object.keys(require(${JSON.stringify(entry)})).length === 0) throw new Error("it exports nothing");\n`,
        );
        endsWell(await run([process.execPath, "require.cjs"], inConsumer));
      });
    }
    for (const [module, moduleResolution] of [
      ["nodenext", "nodenext"],
      ["esnext", "bundler"],
    ])
      await check(`a program compiles against all entries under ${moduleResolution}`, async () => {
        write(
          "consumer.ts",
          entries
            .map(
              (entry, index) =>
                `import * as e${index} from ${JSON.stringify(entry)};\nexport const n${index}: number = Object.keys(e${index}).length;\n`,
            )
            .join(""),
        );
        const options = [
          "--noEmit",
          "--strict",
          "--target",
          "es2022",
          "--lib",
          "es2023,esnext.disposable",
          "--module",
          module,
          "--moduleResolution",
          moduleResolution,
          "--typeRoots",
          path.join(root, "node_modules/@types"),
          "--types",
          "node",
        ];
        endsWell(await run(installed("typescript/bin/tsc", ...options, "consumer.ts"), inConsumer));
      });
    const mled = (...args) => run(npm("exec", "--offline", "--no", "--", "mled", ...args), inConsumer);
    await check("npx mled runs there", async () => endsWell(await mled("--version")));
    await check("npx mled keeps a mission there", async () => {
      endsWell(await mled("init", "--ledger", "ledger"));
      endsWell(await mled("mission", "create", "hello", "Hello", "--ledger", "ledger", "--as", "ada"));
      endsWell(
        await mled(
          "wp",
          "add",
          "hello",
          "A first package",
          "--id",
          "WP01",
          "--ledger",
          "ledger",
          "--as",
          "ada",
        ),
      );
      endsWell(await mled("wp", "claim", "hello/WP01", "--ledger", "ledger", "--as", "ada"));
      const board = endsWell(await mled("board", "hello", "--ledger", "ledger"));
      if (!board.includes("WP01")) throw new Error(`the board does not show WP01:\n${board}`);
      endsWell(await mled("verify", "--ledger", "ledger"));
    });
    await checkEventStoreDbWithNpm(consumer);
    await checkSqliteWithNpm(consumer);
    const pnpmConsumer = await installedWithPnpm(pnpm, scratch, tarballs);
    if (pnpmConsumer !== undefined) {
      await checkEventStoreDbWithPnpm(pnpmConsumer);
      await checkSqliteWithPnpm(pnpmConsumer);
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
finish();
