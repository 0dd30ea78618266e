/** `node scripts/copy-snippets.mjs`: puts the text of each example into the pages that show it; a test holds them equal. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "./programs.mjs";

const pages = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...readdirSync(path.join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => path.join("docs", name)),
];

for (const page of pages) {
  const text = readFileSync(path.join(root, page), "utf8");
  const copied = text.replace(
    /(<!--\s*source:\s*(\S+)\s*-->\n+)(`{3,})(\w*)\n[\s\S]*?\n\3(?=\n|$)/g,
    (_, marker, source, ticks, language) =>
      `${marker}${ticks}${language}\n${readFileSync(path.join(root, source), "utf8").trimEnd()}\n${ticks}`,
  );
  if (copied === text) continue;
  writeFileSync(path.join(root, page), copied);
  console.log(`${page}: snippets copied`);
}
