/** The licences of what is bundled into the program: most of them ask to be carried along wherever the code goes. */
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "./programs.mjs";

/**
 * Writes one text with each package, its version and its licences. Throws for a package that brings none.
 *
 * @param {readonly object[]} metafiles of esbuild
 */
export const writeLicenses = (metafiles, file) => {
  const folders = new Set(
    metafiles
      .flatMap(({ inputs }) => Object.keys(inputs))
      .map((input) => /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path.resolve(root, input))?.[1])
      .filter((folder) => folder !== undefined)
      .map((folder) => realpathSync(folder)),
  );
  const texts = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
    const found = readdirSync(folder).filter((entry) => /^(?:licen[cs]e|notice|copying)/i.test(entry));
    if (found.length === 0 && license === undefined) throw new Error(`${name} says nothing of a licence`);
    const parts = found
      .filter((entry) => existsSync(path.join(folder, entry)))
      .map((entry) => readFileSync(path.join(folder, entry), "utf8").trim());
    return `${name} ${version} (${license ?? "see below"})\n\n${parts.join("\n\n")}`.trim();
  });
  writeFileSync(file, `${texts.sort().join(`\n\n${"-".repeat(80)}\n\n`)}\n`);
};
