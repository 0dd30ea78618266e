/** The YAML head of a Markdown file, read with limits that no file can stretch. */
import { type Document, isScalar, parseDocument, visit, type YAMLMap } from "yaml";
import { utf8Text } from "../bytes.ts";

/** Source: the project's security rules for YAML. */
export const frontmatterLimits: { readonly bytes: number; readonly depth: number; readonly entries: number } =
  {
    bytes: 64 * 1024,
    depth: 32,
    /** Lines, items and keys, as far as commas, colons and line ends tell. */
    entries: 2_048,
  };

export type YamlValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly YamlValue[]
  | ReadonlyMap<YamlValue, YamlValue>;

export type Frontmatter =
  | {
      readonly _tag: "Frontmatter";
      readonly end: number;
      readonly members: ReadonlyMap<YamlValue, YamlValue>;
    }
  | { readonly _tag: "Problem"; readonly end: number; readonly problem: string }
  /** The file does not begin with a head. */
  | { readonly _tag: "None" };

/** Never throws. `end` is where the head's closing line ends, in bytes. */
export const readFrontmatter = (file: Uint8Array): Frontmatter => {
  const end = endOfHead(file);
  if (end === undefined) return { _tag: "None" };
  const problem = (what: string): Frontmatter => ({ _tag: "Problem", end, problem: what });
  if (end > frontmatterLimits.bytes) return problem(`is longer than ${frontmatterLimits.bytes} bytes`);
  const text = utf8Text(file.subarray(0, end));
  if (text === undefined) return problem("is not UTF-8");
  const yaml = text.replace(/^\ufeff?---[^\n]*\n/, "").replace(/(?:^|\n)---\s*$/, "\n");
  if (
    countOf(yaml, /[,\n]/g) > frontmatterLimits.entries ||
    countOf(yaml, /:\s/g) > frontmatterLimits.entries
  )
    return problem(`has more than ${frontmatterLimits.entries} entries`);
  // Each one too many is an error of its own to the parser, and errors are dear.
  if (countOf(yaml, /(?<=^|[\s,[{])[&*!|>%:]/g) > mostMarks)
    return problem(`has more than ${mostMarks} anchors, aliases, tags and other marks`);
  if (mayNestTooDeep(yaml)) return problem(`is nested deeper than ${frontmatterLimits.depth}`);
  try {
    const document = parseDocument(yaml, {
      schema: "core",
      // The parser compares each key with all others: 4,000 take half a second. Ours does it by a set.
      uniqueKeys: false,
      intAsBigInt: false,
      prettyErrors: false,
    });
    const [trouble] = [...document.errors, ...document.warnings];
    if (trouble !== undefined) return problem(`is not sound YAML: ${trouble.code}`);
    if (hasEqualKeys(document)) return problem("is not sound YAML: DUPLICATE_KEY");
    const value = document.toJS({ maxAliasCount: 0, mapAsMap: true }) as YamlValue;
    if (isNestedDeeper(value, frontmatterLimits.depth))
      return problem(`is nested deeper than ${frontmatterLimits.depth}`);
    return isYamlMap(value) ? { _tag: "Frontmatter", end, members: value } : problem("is not a mapping");
  } catch {
    // Aliases throw, and so does a stack that overflows in spite of the check above.
    return problem("is not sound YAML");
  }
};

/** Plain keys; a list or a mapping as a key equals no other, as the parser has it too. */
const hasEqualKeys = (document: Document): boolean => {
  let found = false;
  visit(document, {
    Map: (_, { items }: YAMLMap) => {
      const keys = items.flatMap(({ key }) => (isScalar(key) ? [key.value] : key === null ? [null] : []));
      found = new Set(keys).size < keys.length;
      return found ? visit.BREAK : undefined;
    },
  });
  return found;
};

const mostMarks = 1_024;

const countOf = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

export const isYamlMap = (value: YamlValue | undefined): value is ReadonlyMap<YamlValue, YamlValue> =>
  value instanceof Map;

const [dash, lineFeed, carriageReturn] = [0x2d, 0x0a, 0x0d];

/** Where the line after the head begins: the head is `---`, any lines, and `---` again. */
const endOfHead = (file: Uint8Array): number | undefined => {
  const start = file[0] === 0xef && file[1] === 0xbb && file[2] === 0xbf ? 3 : 0;
  if (!isFence(file, start)) return undefined;
  for (let at = nextLine(file, start); at < file.length; at = nextLine(file, at)) {
    if (isFence(file, at)) return nextLine(file, at);
  }
  return undefined;
};

const isFence = (file: Uint8Array, at: number): boolean => {
  if (file[at] !== dash || file[at + 1] !== dash || file[at + 2] !== dash) return false;
  const next = file[at + 3];
  return next === undefined || next === lineFeed || next === carriageReturn;
};

const nextLine = (file: Uint8Array, at: number): number => {
  const found = file.indexOf(lineFeed, at);
  return found < 0 ? file.length : found + 1;
};

/** A cheap upper bound before the parser may recurse: open brackets, and dashes and question marks in a row. */
const mayNestTooDeep = (yaml: string): boolean => {
  const generous = frontmatterLimits.depth * 8;
  let open = 0;
  for (const letter of yaml) {
    if (letter === "[" || letter === "{") open += 1;
    else if ((letter === "]" || letter === "}") && open > 0) open -= 1;
    if (open > generous) return true;
  }
  if (yaml.split("\n").some((line) => (line.match(/[-?](?=\s)/g)?.length ?? 0) > generous)) return true;
  return new Set(yaml.split("\n").map((line) => line.search(/\S/))).size > generous;
};

const isNestedDeeper = (value: YamlValue, levels: number): boolean => {
  if (isYamlMap(value))
    return (
      levels === 0 ||
      [...value].some(
        ([key, member]) => isNestedDeeper(key, levels - 1) || isNestedDeeper(member, levels - 1),
      )
    );
  return Array.isArray(value) && (levels === 0 || value.some((item) => isNestedDeeper(item, levels - 1)));
};
