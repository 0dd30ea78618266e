/** The import walls of the house: who may know whom, what is declared is used, and what library sources never touch. */
import path from "node:path";
import { describe, expect, test } from "vitest";
import { moduleImports, onlyCode, packageOf } from "./module-imports.ts";
import {
  allSources,
  importsOf,
  isNode,
  isRelative,
  isTest,
  packageFolders,
  sourcesOf,
  textOf,
} from "./package-sources.ts";

interface Wall {
  /** Folder of the sources, from the root. */
  readonly of: string;
  /** Packages, with all their entries. */
  readonly mayImport: readonly string[];
  /** Entries of those packages that it may not. @defaultValue none */
  readonly never?: readonly string[];
  /** Only where the table says so. @defaultValue none */
  readonly node?: "any" | readonly string[];
  /** Folders of the same package, from its `src`, that its relative imports may lead to. @defaultValue any */
  readonly within?: readonly string[];
}

const library = [
  "@mission-ledger/core",
  "@mission-ledger/git",
  "@mission-ledger/rebuild",
  "@mission-ledger/spec-kitty",
  "@mission-ledger/store-eventstoredb",
  "@mission-ledger/store-file",
  "@mission-ledger/store-sqlite",
];

/** Source: the table of walls in CONTRIBUTING. */
const walls: readonly Wall[] = [
  { of: "packages/core/src/kernel", mayImport: ["fp-ts", "@noble/hashes"], within: ["kernel"] },
  { of: "packages/core/src/mission", mayImport: ["fp-ts", "immer", "zod"], within: ["kernel", "mission"] },
  {
    of: "packages/store-file/src",
    mayImport: ["@mission-ledger/core", "fs-native-extensions"],
    never: ["@mission-ledger/core/mission", "@mission-ledger/core/schemas"],
    node: "any",
  },
  {
    of: "packages/store-sqlite/src",
    mayImport: ["@mission-ledger/core", "better-sqlite3"],
    never: ["@mission-ledger/core/mission", "@mission-ledger/core/schemas"],
    node: "any",
  },
  {
    of: "packages/store-eventstoredb/src",
    mayImport: ["@mission-ledger/core", "@eventstore/db-client"],
    never: ["@mission-ledger/core/mission", "@mission-ledger/core/schemas"],
    node: "any",
  },
  {
    of: "packages/wire-server/src",
    mayImport: ["@eventstore/db-client", "@grpc/grpc-js", "google-protobuf"],
    node: "any",
  },
  {
    of: "packages/git/src",
    mayImport: ["@mission-ledger/core"],
    never: ["@mission-ledger/core/mission", "@mission-ledger/core/schemas"],
    node: "any",
  },
  {
    of: "packages/rebuild/src",
    mayImport: ["@mission-ledger/core"],
    never: ["@mission-ledger/core/mission", "@mission-ledger/core/schemas"],
    node: "any",
  },
  { of: "packages/spec-kitty/src", mayImport: ["@mission-ledger/core", "yaml"] },
  { of: "packages/testkit/src", mayImport: ["@mission-ledger/core", "fast-check"] },
  { of: "packages/cli/src", mayImport: [...library, "commander", "picocolors"], node: "any" },
];

/** What a test may import besides what its package may: what the package declares for development. */
const forTests = (packageFolder: string): readonly string[] =>
  Object.keys((JSON.parse(textOf(`${packageFolder}/package.json`)) as Manifest).devDependencies ?? {});

/** Imports of one file that its wall forbids, in words. */
const breaches = (file: string, wall: Wall): readonly string[] => {
  const packageSources = wall.of.split("/").slice(0, 3).join("/");
  return importsOf(file).flatMap(({ specifier }) => {
    const breach = [`${file} imports ${specifier}`];
    if (isRelative(specifier)) {
      const target = path.posix.relative(
        packageSources,
        path.posix.join(path.posix.dirname(file), specifier),
      );
      // A test may look at its package's manifest; a source stays in its sources.
      if (target.startsWith("..")) return isTest(file) && target === "../package.json" ? [] : breach;
      const inside =
        wall.within === undefined || wall.within.some((folder) => target.startsWith(`${folder}/`));
      return inside || isTest(file) ? [] : breach;
    }
    if (isNode(specifier)) {
      const allowed = wall.node === "any" || wall.node?.includes(specifier) || isTest(file);
      return allowed ? [] : breach;
    }
    const allowed = [
      ...wall.mayImport,
      ...(isTest(file) ? forTests(path.posix.dirname(packageSources)) : []),
    ];
    const barred = !isTest(file) && wall.never?.includes(specifier);
    return allowed.includes(packageOf(specifier)) && !barred ? [] : breach;
  });
};

describe("the import walls", () => {
  test.each(walls.map((wall) => [wall.of, wall] as const))(
    "%s imports only what its wall lets through",
    (of, wall) => {
      const sources = sourcesOf(of);
      expect(sources.length).toBeGreaterThan(0);
      expect(sources.flatMap((file) => breaches(file, wall))).toEqual([]);
    },
  );

  test("every source of a package stands behind a wall", () => {
    const guarded = (file: string) =>
      walls.some(({ of }) => file.startsWith(`${of}/`)) || file === "packages/core/src/index.ts";
    expect(allSources.filter((file) => !guarded(file))).toEqual([]);
  });

  test("the main entry of core shows the kernel and nothing of the mission", () => {
    const specifiers = importsOf("packages/core/src/index.ts").map(({ specifier }) => specifier);
    expect(specifiers.length).toBeGreaterThan(0);
    expect(specifiers.filter((specifier) => !specifier.startsWith("./kernel/"))).toEqual([]);
  });

  test("no source reaches into another package past its entries", () => {
    const reaching = allSources.flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) =>
          /^(?:@mission-ledger\/[^/]+|mission-ledger)\/(?:src|dist)\b/.test(specifier),
        )
        .map(({ specifier }) => `${file} imports ${specifier}`),
    );
    expect(reaching).toEqual([]);
  });

  test("only tests import testkit and vitest", () => {
    const outside = allSources
      .filter((file) => !isTest(file))
      .flatMap((file) =>
        importsOf(file)
          .filter(({ specifier }) => ["vitest", "@mission-ledger/testkit"].includes(packageOf(specifier)))
          .map(({ specifier }) => `${file} imports ${specifier}`),
      );
    expect(outside).toEqual([]);
  });
});

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

describe("what a package declares", () => {
  test.each(packageFolders)("%s depends on exactly what its sources import", (folder) => {
    const manifest = JSON.parse(textOf(`${folder}/package.json`)) as Manifest;
    const declared = [
      ...Object.keys(manifest.dependencies ?? {}),
      ...Object.keys(manifest.optionalDependencies ?? {}),
      ...Object.keys(manifest.peerDependencies ?? {}),
    ];
    const files = sourcesOf(`${folder}/src`);
    const packagesOf = (chosen: readonly string[]) =>
      new Set(
        chosen
          .flatMap(importsOf)
          .map(({ specifier }) => specifier)
          .filter((specifier) => !isRelative(specifier) && !isNode(specifier))
          .map(packageOf),
      );
    expect([...packagesOf(files.filter((file) => !isTest(file)))].sort()).toEqual(declared.sort());

    const forDevelopment = Object.keys(manifest.devDependencies ?? {});
    const undeclared = [...packagesOf(files.filter(isTest))].filter(
      (name) => name !== manifest.name && ![...declared, ...forDevelopment].includes(name),
    );
    expect(undeclared).toEqual([]);
  });

  test.each(packageFolders)("%s runs nothing when it is installed", (folder) => {
    const { scripts = {} } = JSON.parse(textOf(`${folder}/package.json`)) as {
      scripts?: Record<string, string>;
    };
    const hooks = ["preinstall", "install", "postinstall", "prepare"].filter((name) =>
      Object.hasOwn(scripts, name),
    );
    expect(hooks).toEqual([]);
  });
});

describe("a library source", () => {
  const libraries = allSources.filter((file) => !isTest(file));
  const using = (word: RegExp) => libraries.filter((file) => word.test(onlyCode(textOf(file))));

  /** The programs behind the bins, and what a host's commands print through when the host says nothing. */
  const doors = [
    "packages/cli/src/bin/",
    "packages/cli/src/run/process-io.ts",
    "packages/cli/src/run/process-programs.ts",
    "packages/wire-server/src/main.ts",
  ];

  test("never touches the process it runs in; only a store that locks files asks which one it is, and which others live", () => {
    const anything = using(/(?<![.\w])process\s*(?:\.|\?\.|\[)/).filter(
      (file) => !doors.some((door) => file.startsWith(door)),
    );
    expect(anything.filter((file) => !/^packages\/store-(?:file|sqlite)\//.test(file))).toEqual([]);
    const more = using(
      /(?<![.\w])process\s*(?:\?\.|\[|\.(?!(?:platform|arch|pid|dlopen|getBuiltinModule)\b))/,
    );
    // Signal 0 sends nothing: it asks whether a process is there.
    const asks = "packages/store-file/src/lock/process-facts.ts";
    expect(more.filter((file) => anything.includes(file) && file !== asks)).toEqual([]);
    expect(textOf(asks).match(/process\.(?!platform|pid)\w+\([^)]*\)/g)).toEqual(["process.kill(pid, 0)"]);
  });

  test("never writes to the console", () => {
    expect(using(/(?<![.\w])console\s*(?:\.|\?\.|\[)/)).toEqual([]);
  });

  test("never runs text as a program", () => {
    expect(using(/\beval\s*\(|\bnew\s+Function\s*\(|["']node:vm["']/)).toEqual([]);
  });
});

describe("a module that tests share", () => {
  test("has no hooks of its own, for of the files in a process only the first would get them", () => {
    const hooks = /^(?:after|before)(?:All|Each)\(/m;
    expect(allSources.filter((file) => !file.endsWith(".test.ts") && hooks.test(textOf(file)))).toEqual([]);
    expect(hooks.test("const a = 1;\nafterEach(() => {});\n")).toBe(true);
  });
});

describe("the reader of imports", () => {
  test("sees every form of import and none in comments", () => {
    const text = [
      'import "side-effect";',
      'import type { A } from "types-only";',
      "import {",
      "  b,",
      "  type C,",
      '} from "@scope/many-lines/sub";',
      'import * as d from "namespace";',
      'export { e } from "re-export";',
      'export type { F } from "type-re-export";',
      'export * from "star";',
      'const g = await import("dynamic");',
      'const h = require("required");',
      'type I = typeof import("queried");',
      '// import "in-a-line-comment";',
      '/* import "in-a-block-comment"; */',
      'const url = "http://x"; import("after-a-url");',
    ].join("\n");
    expect(moduleImports(text)).toEqual([
      { specifier: "types-only", typeOnly: true, dynamic: false },
      { specifier: "@scope/many-lines/sub", typeOnly: false, dynamic: false },
      { specifier: "namespace", typeOnly: false, dynamic: false },
      { specifier: "re-export", typeOnly: false, dynamic: false },
      { specifier: "type-re-export", typeOnly: true, dynamic: false },
      { specifier: "star", typeOnly: false, dynamic: false },
      { specifier: "side-effect", typeOnly: false, dynamic: false },
      { specifier: "dynamic", typeOnly: false, dynamic: true },
      { specifier: "required", typeOnly: false, dynamic: true },
      { specifier: "after-a-url", typeOnly: false, dynamic: true },
      { specifier: "queried", typeOnly: true, dynamic: false },
    ]);
  });

  test("finds a breach where there is one", () => {
    const [kernel] = walls as readonly [Wall];
    expect(breaches("packages/core/src/mission/ledger.ts", kernel).length).toBeGreaterThan(0);
  });
});
