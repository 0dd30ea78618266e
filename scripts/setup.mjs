/**
 * Makes a fresh clone ready: dependencies by the lock file, then the build. Needs Node and npm and nothing else, and is
 * quick when nothing has changed. `npm test` and `npm run demo` begin with it.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { findPnpm, pinnedVersion } from "./pnpm.mjs";
import { root, run } from "./programs.mjs";

const say = (text) => console.log(`setup: ${text}`);
const fail = (text, code = 1) => {
  console.error(`setup: ${text}`);
  process.exit(code);
};

const [major, minor] = process.versions.node.split(".").map(Number);
if (!((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22))
  fail(`Node ${process.versions.node} is too old: 20.19, 22.12 or newer is needed.`);

const begun = performance.now();

/** Everything an installation depends on, as one hash. */
const installationHash = () => {
  const members = ["packages", "examples"].flatMap((folder) =>
    existsSync(path.join(root, folder))
      ? readdirSync(path.join(root, folder)).map((name) => path.join(folder, name, "package.json"))
      : [],
  );
  const hash = createHash("sha256").update(`${process.platform} ${process.arch} ${root}`);
  for (const name of [
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "package.json",
    "test/package.json",
    ...members.sort(),
  ]) {
    const file = path.join(root, name);
    if (existsSync(file)) hash.update(`\0${name}\0`).update(readFileSync(file));
  }
  return hash.digest("hex");
};

/** Where SQLite has to be compiled, Node's own headers save a download of them. */
const headersOfNode = () => {
  const prefix = path.resolve(process.execPath, "..", "..");
  const isThere = existsSync(path.join(prefix, "include", "node", "node_version.h"));
  return isThere && process.env.npm_config_nodedir === undefined ? { npm_config_nodedir: prefix } : {};
};

const stampFile = path.join(root, "node_modules", ".mission-ledger-setup");
const bins = ["mled", "vitest", "tsc"].map((name) => path.join(root, "node_modules", ".bin", name));
const isInstalled = (hash) =>
  existsSync(stampFile) && readFileSync(stampFile, "utf8") === hash && bins.every((bin) => existsSync(bin));

const hash = installationHash();
if (isInstalled(hash)) say("dependencies are as the lock file wants them");
else {
  const { command, from } = await findPnpm();
  say(`installing dependencies with pnpm ${pinnedVersion} (${from})`);
  // CI=true: without a terminal pnpm would otherwise stop to ask before it replaces a node_modules of another make.
  const { code } = await run([...command, "install", "--frozen-lockfile"], {
    env: { CI: "true", ...headersOfNode() },
  });
  if (code !== 0) fail(`installing failed with exit code ${code}; the lines above say why.`, code);
  const missing = bins.filter((bin) => !existsSync(bin));
  if (missing.length > 0) fail(`the installation lacks ${missing.join(", ")}.`);
  mkdirSync(path.dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, hash);
}

const build = async (what, args) => {
  const { code } = await run([process.execPath, ...args]);
  if (code !== 0) fail(`${what} failed with exit code ${code}.`, code);
};
say("building");
await build("the build", ["node_modules/typescript/bin/tsc", "-b"]);

/** Everything that goes into the bundled command, as one hash. */
const bundleHash = () => {
  const hashed = createHash("sha256").update(`${process.version} ${hash}`);
  const sources = readdirSync(path.join(root, "packages")).flatMap((folder) => {
    const src = path.join("packages", folder, "src");
    return existsSync(path.join(root, src))
      ? readdirSync(path.join(root, src), { recursive: true, encoding: "utf8" }).map((name) =>
          path.join(src, name),
        )
      : [];
  });
  for (const name of ["scripts/bundle-cli.mjs", ...sources.filter((name) => name.endsWith(".ts")).sort()])
    hashed.update(`\0${name}\0`).update(readFileSync(path.join(root, name)));
  return hashed.digest("hex");
};
const bundle = path.join(root, "packages/cli/dist/bin/mled-bundle.cjs");
const bundleStamp = path.join(root, "node_modules/.mission-ledger-bundle");
const wantedBundle = bundleHash();
const isBundled =
  existsSync(bundle) && existsSync(bundleStamp) && readFileSync(bundleStamp, "utf8") === wantedBundle;
if (!isBundled) {
  await build("bundling the command", ["scripts/bundle-cli.mjs"]);
  writeFileSync(bundleStamp, wantedBundle);
}
say(`ready after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
