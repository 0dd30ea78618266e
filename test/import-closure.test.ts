/** What comes into memory with the library, and what it says while it works: measured on the built packages in a process of their own. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const here = import.meta.dirname;
let scratch: string;

beforeAll(() => {
  scratch = mkdtempSync(path.join(tmpdir(), "mission-ledger-closure-"));
  if (!existsSync(path.join(here, "../packages/core/dist/index.js")))
    throw new Error("The packages are not built: npm run build");
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Runs a module in a bare Node and answers everything that was loaded for it. */
const loadedFor = (source: string): readonly string[] => {
  const traceFile = path.join(scratch, `${Math.random().toString(36).slice(2)}.txt`);
  const trace = pathToFileURL(path.join(here, "import-closure/trace.mjs")).href;
  // An input module resolves its imports from the working directory, which declares every package of the workspace.
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--import", trace, "--input-type=module", "--eval", source],
    { cwd: here, env: { ...process.env, TRACE_FILE: traceFile, NODE_OPTIONS: "" }, encoding: "utf8" },
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return readFileSync(traceFile, "utf8")
    .split("\n")
    .filter((line) => line !== "");
};

/** Names of the packages and builtin modules among them. */
const namesOf = (loaded: readonly string[]): readonly string[] => [
  ...new Set(
    loaded.map((url) => {
      if (url.startsWith("node:")) return url;
      const installed = url.split("/node_modules/").at(-1) as string;
      if (installed !== url) return installed.split("/", installed.startsWith("@") ? 2 : 1).join("/");
      return url.replace(/^.*\/packages\/([^/]+)\/.*$/, "packages/$1");
    }),
  ),
];

describe("importing the library", () => {
  test("brings neither Node's modules, nor a driver, nor zod with core", () => {
    const names = namesOf(loadedFor('await import("@mission-ledger/core");'));
    expect(names.toSorted()).toEqual(["@noble/hashes", "fp-ts", "packages/core"]);
  });

  test("brings neither Node's modules, nor a driver, nor zod with the mission", () => {
    const names = namesOf(loadedFor('await import("@mission-ledger/core/mission");'));
    expect(names.toSorted()).toEqual(["@noble/hashes", "fp-ts", "immer", "packages/core"]);
  });

  test("brings no argument parser, no zod and no import of other systems with the main entry", () => {
    const names = namesOf(loadedFor('await import("mission-ledger");'));
    expect(names).toContain("packages/cli");
    expect(names).toContain("packages/core");
    expect(
      names.filter((name) => ["commander", "zod", "yaml", "packages/spec-kitty"].includes(name)),
    ).toEqual([]);
  });

  test.each(["file", "sqlite", "esdb"])(
    "brings a store and its driver with a ledger at an address of %s only if it asks for it",
    (store) => {
      const isServer = store === "esdb";
      const address = isServer
        ? "esdb://127.0.0.1:1?tls=false"
        : `${store}:${path.join(scratch, `${store}-ledger`)}`;
      const names = namesOf(
        loadedFor(`
        const { openLedger } = await import("mission-ledger");
        const ledger = await openLedger({ store: ${JSON.stringify(address)}, actor: "a" });
        ${isServer ? "" : "await ledger.missions();"}
        await ledger.close();`),
      );
      expect(names).toContain("packages/store-file");
      expect(names.includes("packages/store-sqlite")).toBe(store === "sqlite");
      for (const name of ["packages/store-eventstoredb", "@eventstore/db-client", "@grpc/grpc-js"])
        expect(names.includes(name), name).toBe(isServer);
    },
  );

  test("would be caught if it brought any of them: the control brings all", () => {
    const control = pathToFileURL(path.join(here, "import-closure/loads-everything.mjs")).href;
    const names = namesOf(loadedFor(`await import(${JSON.stringify(control)});`));
    for (const name of ["node:dgram", "node:tls", "node:dns", "zod", "fs-native-extensions"])
      expect(names).toContain(name);
  });
});

describe("using the library", () => {
  test("writes nothing to standard output or standard error", () => {
    const program = path.join(here, "import-closure/silent-program.mjs");
    const outcome = path.join(scratch, "outcome.json");
    const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
      cwd: here,
      env: { ...process.env, LEDGER: path.join(scratch, "ledger"), OUTCOME: outcome },
      encoding: "utf8",
    });
    expect({ stdout, stderr, status }).toEqual({ stdout: "", stderr: "", status: 0 });
    expect(JSON.parse(readFileSync(outcome, "utf8"))).toEqual({ readback: "verified", code: "CLAIM_HELD" });
  });
});
