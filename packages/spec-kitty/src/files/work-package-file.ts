/** `tasks/WPnn-<title>.md`: what its head says of the work package. */
import { isYamlMap, readFrontmatter, type YamlValue } from "./frontmatter.ts";

export interface WorkPackageFile {
  readonly name: string;
  readonly wpId: string;
  readonly title: string | undefined;
  readonly dependsOn: readonly string[];
  readonly owns: readonly string[];
  readonly subtasks: readonly string[];
  /** The head as it stands in the file. */
  readonly head: Uint8Array;
  readonly problem: string | undefined;
}

export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Never throws; `undefined` for a file that neither its head nor its name ties to a work package. */
export const readWorkPackageFile = ({ name, bytes }: NamedFile): WorkPackageFile | undefined => {
  const frontmatter = readFrontmatter(bytes);
  const named = /(?:^|[\\/])(WP[0-9]+)[^\\/]*$/.exec(name)?.[1];
  const empty = { name, title: undefined, dependsOn: [], owns: [], subtasks: [] };
  if (frontmatter._tag !== "Frontmatter") {
    if (named === undefined) return undefined;
    const [end, problem] =
      frontmatter._tag === "None"
        ? [0, "has no head"]
        : [frontmatter.end, `has a head that ${frontmatter.problem}`];
    return { ...empty, wpId: named, head: bytes.subarray(0, end), problem };
  }
  const { members, end } = frontmatter;
  const wpId = textOf(members.get("work_package_id")) ?? named;
  if (wpId === undefined) return undefined;
  return {
    name,
    wpId,
    title: textOf(members.get("title")) ?? textOf(members.get("work_package_title")),
    dependsOn: textsOf(members.get("dependencies")),
    owns: textsOf(members.get("owned_files")),
    subtasks: textsOf(members.get("subtasks")),
    head: bytes.subarray(0, end),
    problem: undefined,
  };
};

const textOf = (value: YamlValue | undefined): string | undefined =>
  typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;

/** A list of texts; a single text counts as a list of one, and an entry may be an object with an id. */
const textsOf = (value: YamlValue | undefined): readonly string[] => {
  const items = Array.isArray(value) ? (value as readonly YamlValue[]) : [value as YamlValue];
  return items.flatMap((item) => textOf(isYamlMap(item) ? (item.get("id") ?? null) : item) ?? []);
};
