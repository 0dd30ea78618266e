/**
 * Z4: globs against paths. The reference is a regular expression made from the glob, slow where globs are cruel, so the
 * random ones are small; the cruel ones are timed.
 */
import { matchesGlob } from "@mission-ledger/core/mission";
import { runCases } from "./inputs/seeded.mjs";

const pieces = [
  "a",
  "b",
  "c",
  "*",
  "*",
  "**",
  "?",
  "/",
  "/",
  "/**/",
  "**/",
  "/**",
  "\\*",
  "\\?",
  "\\\\",
  "[",
  "]",
  "{",
  ",",
  ".",
  "é",
  "😀",
];
const letters = ["a", "b", "c", "*", "?", "\\", "[", ".", "é", "😀"];

/** Segment by segment, as gitignore(5) words it. */
const reference = (glob) => {
  const whole = glob.endsWith("/") ? `${glob}**` : glob;
  const segments = whole.split("/");
  let source = "";
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1;
    if (segment === "**") source += isLast ? ".+" : "(?:.*/)?";
    else {
      source += segment.replace(/\\?./gsu, (unit) => {
        if (unit === "*") return "[^/]*";
        if (unit === "?") return "[^/]";
        const letter = unit.length > 1 && unit.startsWith("\\") ? unit.slice(1) : unit;
        return letter.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
      });
      if (!isLast) source += "/";
    }
  }
  return new RegExp(`^(?:${source})$`, "su");
};

const check = (chance) => {
  const glob = Array.from({ length: chance.below(9) }, () => chance.pick(pieces)).join("");
  const expected = reference(glob);
  for (let left = 8; left > 0; left -= 1) {
    const path = Array.from({ length: 1 + chance.below(5) }, () =>
      Array.from({ length: 1 + chance.below(3) }, () => chance.pick(letters)).join(""),
    ).join("/");
    pairs += 1;
    if (matchesGlob(glob, path) !== expected.test(path))
      return `${JSON.stringify(glob)} against ${JSON.stringify(path)}: ${!expected.test(path)}`;
  }
  return undefined;
};

let pairs = 0;

/** Source: the security rules for globs; `picomatch` takes minutes for some of these. */
const timed = () => {
  let [worstMs, worst] = [0, ""];
  const path = `${"a".repeat(200)}`;
  const deep = Array(1_000).fill("a").join("/");
  for (let stars = 1; stars <= 63; stars += 1)
    for (const [glob, against] of [
      [`${"*a".repeat(stars)}b`, path],
      [`${"*".repeat(stars)}b`, path],
      [`${"**/a/".repeat(Math.floor(stars / 3))}b`, deep],
      [`${"?*".repeat(stars)}b`, "a".repeat(4_096)],
    ]) {
      const times = [0, 0, 0].map(() => {
        const from = performance.now();
        matchesGlob(glob, against);
        return performance.now() - from;
      });
      if (Math.min(...times) > worstMs) [worstMs, worst] = [Math.min(...times), glob];
    }
  return { worstMs: Number(worstMs.toFixed(2)), worst };
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "Z4",
  name: "globs",
  title: "globs of owned files against paths",
  unit: "pairs",
  perPush: 400_000,
  longRun: 10_000_000,
  run: async (options) => {
    pairs = 0;
    const worst = timed();
    const ran = await runCases(options, check, { units: () => pairs });
    return { ...ran, figures: { ...ran.figures, ...worst } };
  },
};
