/** The sources of all packages, and what they import: for tests that hold over every one of them. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type ModuleImport, moduleImports } from "./module-imports.ts";

const repository = path.resolve(import.meta.dirname, "..");

/** Sources that no package ships. */
export const isTest = (file: string): boolean =>
  /\.(?:test|types)\.ts$/.test(file) || file.includes("/testing/");

export const packageFolders = readdirSync(path.join(repository, "packages"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => `packages/${entry.name}`)
  .sort();

export const sourcesOf = (folder: string): readonly string[] =>
  readdirSync(path.join(repository, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${folder}/${file.replaceAll("\\", "/")}`)
    .sort();

export const allSources = packageFolders.flatMap((folder) => sourcesOf(`${folder}/src`));

export const textOf = (file: string): string => readFileSync(path.join(repository, file), "utf8");
export const importsOf = (file: string): readonly ModuleImport[] => moduleImports(textOf(file));
export const isRelative = (specifier: string): boolean => specifier.startsWith(".");
export const isNode = (specifier: string): boolean => specifier.startsWith("node:");
