/** Refs by their full names. No name is ever guessed: git's own search looks in six places and takes the first. */
import { GitFault } from "../run/faults.ts";
import { fieldsOf } from "../run/fields.ts";
import type { GitPlace } from "../run/git-place.ts";
import { runGit } from "../run/run-git.ts";

export interface Ref {
  readonly ref: string;
  readonly object: string;
  /** Type of `object`: a commit, or a tag that leads to something. */
  readonly type: string;
}

/** Those of the wanted refs that are there. Each is a full name, or a beginning of some that ends with a slash. */
export const readRefs = async (place: GitPlace, wanted: readonly string[]): Promise<readonly Ref[]> => {
  const { stdout } = await runGit(place, [
    "for-each-ref",
    "--format=%(refname)%00%(objectname)%00%(objecttype)%00",
    "--",
    ...wanted,
  ]);
  const fields = fieldsOf(withoutLineEnds(stdout), "for-each-ref");
  const refs: Ref[] = [];
  while (!fields.isAtEnd()) refs.push({ ref: fields.text(), object: fields.text(), type: fields.text() });
  return refs;
};

export const readRef = async (place: GitPlace, ref: string): Promise<Ref | undefined> =>
  (await readRefs(place, [ref])).find((found) => found.ref === ref);

/** `for-each-ref` ends each record with a line end of its own, after our NUL. No name holds one. */
export const withoutLineEnds = (output: Buffer): Buffer => output.filter((byte) => byte !== 0x0a) as Buffer;

/**
 * Whether git would take it as the name of a ref. Stricter than git: nothing that its language for revisions gives a meaning.
 * Source: git-check-ref-format(1).
 */
export const isRefName = (name: string): boolean =>
  name !== "" &&
  name !== "@" &&
  !name.startsWith("-") &&
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no name of a ref holds one
  !/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$/.test(name) &&
  !name.split("/").some((part) => part.startsWith(".") || part.endsWith(".lock"));

/** Whether `git branch` makes a branch of this name; whether there is one is another question. Plumbing also makes one called HEAD. */
export const isBranchName = (name: string): boolean => isRefName(name) && name !== "HEAD";

/** Throws `GIT_NAME_INVALID` for what is no name of a branch. The message holds the name as JSON. */
export const checkBranch = (name: string): string => {
  if (!isRefName(name)) throw invalidName(name, "a branch");
  return name;
};

export const invalidName = (name: string, what: string): GitFault =>
  new GitFault("GIT_NAME_INVALID", `${JSON.stringify(name)} is no name of ${what}`, {
    hint: "Give the name of a branch or tag, or a full commit id; git check-ref-format tells what a name may hold.",
    details: { name },
  });

/** Throws `GIT_NAME_INVALID` for anything but a whole commit id, which can be no option and is never ambiguous. */
export const checkCommitId = (id: string): string => {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id)) throw invalidName(id, "a commit by its full id");
  return id;
};
