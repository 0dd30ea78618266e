/** Inside a package as between packages: whoever is imported knows nothing of who imports it, neither as a file nor as a folder. */
import path from "node:path";
import { describe, expect, test } from "vitest";
import { importsOf, isRelative, isTest, packageFolders, sourcesOf } from "./package-sources.ts";

/** An import inside a package, as files from the root. */
type Arrow = readonly [importer: string, imported: string];

/** Folder or file right in the sources of a package. */
const roomOf = (file: string): string => file.split("/", 4).join("/");

/**
 * Imports from one place to another that lie on a way back to where it began. Those of places that import little from each other
 * come first: the one that should not be is most often among them.
 */
const thereAndBack = (arrows: readonly Arrow[], placeOf: (file: string) => string): readonly string[] => {
  let left = arrows.filter(([from, to]) => placeOf(from) !== placeOf(to));
  for (;;) {
    const importers = new Set(left.map(([from]) => placeOf(from)));
    const imported = new Set(left.map(([, to]) => placeOf(to)));
    const onward = left.filter(([from, to]) => imported.has(placeOf(from)) && importers.has(placeOf(to)));
    if (onward.length === left.length) break;
    left = onward;
  }
  const alike = ([from, to]: Arrow): number =>
    left.filter(([other, at]) => placeOf(other) === placeOf(from) && placeOf(at) === placeOf(to)).length;
  return left
    .toSorted((one, other) => alike(one) - alike(other))
    .map(([from, to]) => `${from} imports ${to}`);
};

const arrowsIn = (folder: string): readonly Arrow[] =>
  sourcesOf(`${folder}/src`)
    .filter((file) => !isTest(file))
    .flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => isRelative(specifier))
        .map(({ specifier }): Arrow => [file, path.posix.join(path.posix.dirname(file), specifier)]),
    );

describe("inside a package", () => {
  test.each(packageFolders)("files and folders of %s are imported in one direction", (folder) => {
    const arrows = arrowsIn(folder);
    expect(thereAndBack(arrows, (file) => file)).toEqual([]);
    expect(thereAndBack(arrows, roomOf)).toEqual([]);
  });

  test("two folders that import each other are seen, also by way of a third", () => {
    const [a, b, c, d] = ["a/1.ts", "b/1.ts", "c/1.ts", "d.ts"].map((file) => `packages/p/src/${file}`);
    const around = [
      [a, b],
      [b, c],
      [`packages/p/src/c/2.ts`, a],
    ] as readonly Arrow[];
    const all = [
      [d, a],
      ...around,
      [c, `packages/p/src/c/2.ts`],
      [b, `packages/p/src/e.ts`],
    ] as readonly Arrow[];
    expect(thereAndBack(all, roomOf)).toEqual(around.map(([from, to]) => `${from} imports ${to}`));
    expect(thereAndBack(all.slice(0, 3), roomOf)).toEqual([]);
  });
});
