/**
 * Z3: hostile front matter. The grammar makes maps, lists, flow collections, block texts, anchors, aliases, tags and
 * comments, and then breaks some of it; the oracle is that a head is read or refused in words, never thrown over, and that
 * what was read keeps its bounds. The slow shapes of the security rules are timed one by one.
 */
import { frontmatterLimits, readFrontmatter } from "@mission-ledger/spec-kitty";
import { runCases } from "./inputs/seeded.mjs";

const words = [
  "title",
  "dependencies",
  "owned_files",
  "WP01",
  "a b",
  "é",
  "~",
  "null",
  "true",
  "0x1f",
  "1e999",
  "-0",
];
const breakers = [
  "\t",
  "\u0000",
  "\r",
  "&a ",
  "*a",
  "!!js/function x",
  "<<: *a",
  "__proto__: 1",
  "constructor: {}",
  "? ",
  "- - -",
  ": :",
  "|9\n",
  "---\n",
  "...\n",
  "%YAML 9.9\n",
  "{",
  "]",
  '"',
  "'",
  "#",
  "\ufeff",
  "\u2028",
  "@",
  "`",
];

const value = (chance, depth, indent) => {
  const pad = " ".repeat(indent);
  if (depth <= 0 || chance.chance(40)) {
    switch (chance.below(7)) {
      case 0:
        return ` "${chance.pick(words)}\\u00e9\\n"\n`;
      case 1:
        return ` '${chance.pick(words)}'\n`;
      case 2:
        return ` |\n${pad}  ${chance.pick(words)}\n${pad}  more\n`;
      case 3:
        return ` >-\n${pad}  ${chance.pick(words)}\n`;
      case 4:
        return ` ${chance.below(1_000_000)} # said\n`;
      case 5:
        return "\n";
      default:
        return ` ${chance.pick(words)}\n`;
    }
  }
  switch (chance.below(4)) {
    case 0:
      return `\n${mapping(chance, depth - 1, indent + 2)}`;
    case 1:
      return `\n${Array.from({ length: chance.below(4) }, () => `${pad}-${value(chance, depth - 1, indent + 2)}`).join("")}`;
    case 2:
      return ` [${Array.from({ length: chance.below(5) }, () => chance.pick(words)).join(", ")}]\n`;
    default:
      return ` ${"{a: ".repeat(chance.below(6))}1${"}".repeat(chance.below(6))}\n`;
  }
};

const mapping = (chance, depth, indent) =>
  Array.from(
    { length: 1 + chance.below(5) },
    (_, index) => `${" ".repeat(indent)}${chance.pick(words)}${index}:${value(chance, depth, indent)}`,
  ).join("");

/** Plain data of bounded depth, made of what YAML's core schema knows. */
const wrongIn = (read, depth) => {
  if (read === null || ["boolean", "number", "string", "bigint"].includes(typeof read)) return undefined;
  if (depth <= 0) return "what was read is nested too deep";
  const parts = read instanceof Map ? [...read].flat() : Array.isArray(read) ? read : undefined;
  if (parts === undefined) return `what was read holds a ${Object.prototype.toString.call(read)}`;
  for (const part of parts) {
    const wrong = wrongIn(part, depth - 1);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
};

const encoder = new TextEncoder();

const check = (chance) => {
  let yaml = mapping(chance, 3, 0);
  for (let times = chance.below(4); times > 0; times -= 1) {
    const at = chance.below(yaml.length);
    const breaker = chance.pick(breakers).repeat(chance.chance(10) ? 1 + chance.below(300) : 1);
    yaml = `${yaml.slice(0, at)}${breaker}${yaml.slice(chance.chance(70) ? at : at + chance.below(10))}`;
  }
  const bytes = encoder.encode(`---\n${yaml}\n---\nbody`);
  const length = bytes.length - "---\n\n---\nbody".length;
  if (chance.chance(10)) bytes[4 + chance.below(length)] = 0x80 + chance.below(128);
  const read = readFrontmatter(bytes);
  if (read._tag === "None") return yaml.includes("---") ? undefined : "the head was not seen";
  if (read.end > bytes.length) return "the head ends behind the file";
  if (read._tag === "Problem") return read.problem === "" ? "refused without a word" : undefined;
  return wrongIn(read.members, frontmatterLimits.depth + 1);
};

const lines = (count, line) => Array.from({ length: count }, (_, index) => line(index)).join("\n");

/** Each within 64 KiB but for those that must be refused for their size. Source: the security rules for YAML. */
const slowShapes = {
  "60,000 keys": lines(60_000, (index) => `k${index}: 1`),
  "as many keys as fit": lines(frontmatterLimits.entries - 10, (index) => `k${index}: 1`),
  "as many flow keys as fit": `a: {${lines(frontmatterLimits.entries / 2 - 10, (index) => `k${index}: 1,`)}}`,
  "10,000 keys that end in CR": lines(1, () =>
    Array.from({ length: 9_000 }, (_, index) => `${index}: 1`).join("\r"),
  ),
  "1,000 levels of brackets": "[".repeat(1_000),
  "1,000 levels of indentation": lines(1_000, (index) => `${" ".repeat(Math.min(index, 60))}a:`),
  "a bomb of aliases": `a: &a [x,x,x,x,x,x,x,x,x]\n${lines(7, (index) => `b${index}: &b${index} [${Array(9).fill(index === 0 ? "*a" : `*b${index - 1}`)}]`)}`,
  anchors: `a: ${"&a ".repeat(20_000)}`,
  aliases: "*a ".repeat(20_000),
  tags: `a: ${"!t ".repeat(20_000)}`,
  colons: ": ".repeat(32_000),
  dashes: "-\t".repeat(32_000),
  questions: "? ".repeat(32_000),
  directives: "%YAML 1.2\n".repeat(6_000),
  escapes: `a: "${"\\n".repeat(32_000)}"`,
  spaces: " ".repeat(65_000),
  "one long word": `a: ${"x".repeat(65_000)}`,
  "a number of 60,000 digits": `a: ${"1".repeat(60_000)}`,
};

/** What each came to, and the slowest of them, the best of three. */
const timed = () => {
  let [worstMs, worst] = [0, ""];
  for (const [name, yaml] of Object.entries(slowShapes)) {
    const bytes = encoder.encode(`---\n${yaml}\n---\nbody`);
    const times = [0, 0, 0].map(() => {
      const from = performance.now();
      readFrontmatter(bytes);
      return performance.now() - from;
    });
    if (Math.min(...times) > worstMs) [worstMs, worst] = [Math.min(...times), name];
  }
  return { worstMsPerFile: Number(worstMs.toFixed(1)), worst };
};

/** @type {import("./rig.d.mts").Rig} */
export const rig = {
  id: "Z3",
  name: "yaml",
  title: "hostile YAML heads of work package files",
  unit: "files",
  perPush: 5_000,
  longRun: 1_000_000,
  run: async (options) => {
    const worst = timed();
    const ran = await runCases(options, check);
    const polluted = {}.polluted !== undefined || Object.keys(Object.prototype).length > 0;
    return {
      ...ran,
      failures: [...ran.failures, ...(polluted ? ["Object.prototype was changed"] : [])],
      figures: { ...ran.figures, ...worst },
    };
  },
};
