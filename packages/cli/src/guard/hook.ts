/**
 * The pre-commit hook that asks the guard: put in place beside whatever hook is there, and taken away again. Promises: what
 * somebody else made is run first and never changed; doing it twice changes nothing; a commit is held up where nobody can be
 * asked. Where the hooks lie is git's word, so worktrees share them and `core.hooksPath` counts.
 */
import fs from "node:fs";
import path from "node:path";
import type { Randomness } from "@mission-ledger/core";
import { askGit, type GitProgram } from "@mission-ledger/store-file";
import { CliError, usage } from "../output/problem.ts";

export interface HookPlace {
  /** The folder of the hooks. */
  readonly folder: string;
  readonly hook: string;
  /** The hook that was there before ours, which ours runs first. */
  readonly chained: string;
}

const hookName = "pre-commit";
const chainedName = `${hookName}.before-mission-ledger`;
const mark = "# mission-ledger guard: files of a commit belong to the work package that is worked on here";

/** Throws `NOT_FOUND` outside of a repository, and `USAGE` where the hooks are those of more than this repository. */
export const hookPlaceOf = (cwd: string, git: GitProgram): HookPlace => {
  const folder = askGit(cwd, ["rev-parse", "--path-format=absolute", "--git-path", "hooks"], git);
  if (folder === undefined || !path.isAbsolute(folder))
    throw new CliError("NOT_FOUND", `${cwd} is in no git repository`, {
      hint: "Run it in a repository, or make one: git init.",
      details: { path: cwd },
    });
  const scope = askGit(cwd, ["config", "--show-scope", "--get", "core.hooksPath"], git)?.split("\t")[0];
  if (scope !== undefined && scope !== "local" && scope !== "worktree")
    throw usage(
      `core.hooksPath is set for more than this repository (${scope}): ${folder}`,
      'Add it to the hook there by hand, or give this repository its own: git config core.hooksPath "$(git rev-parse --path-format=absolute --git-common-dir)/hooks"',
    );
  return { folder, hook: path.join(folder, hookName), chained: path.join(folder, chainedName) };
};

/** Throws `USAGE` for a folder that commits carry: a hook there would hold up everybody who gets it and has no `mled`. */
export const checkNobodyElseGets = ({ folder, hook }: HookPlace, cwd: string, git: GitProgram): void => {
  const top = askGit(cwd, ["rev-parse", "--path-format=absolute", "--show-toplevel"], git);
  const common = askGit(cwd, ["rev-parse", "--path-format=absolute", "--git-common-dir"], git);
  const isBelow = (outer: string | undefined): boolean => outer !== undefined && isInside(outer, folder);
  if (
    !isBelow(top) ||
    isBelow(common) ||
    askGit(cwd, ["--no-literal-pathspecs", "check-ignore", "--", hook], git) !== undefined
  )
    return;
  throw usage(
    `the hooks of this repository lie in ${folder}, which commits carry: others would get the hook and be held up without mled`,
    'Give this clone its own: git config core.hooksPath "$(git rev-parse --path-format=absolute --git-common-dir)/hooks"',
  );
};

const isInside = (outer: string, inner: string): boolean => {
  const below = path.relative(outer, inner);
  return below !== ".." && !below.startsWith(`..${path.sep}`) && !path.isAbsolute(below);
};

export type HookState =
  /** Nothing is there. */
  | "missing"
  | "ours"
  /** Ours, but not as we would write it now. */
  | "outdated"
  /** Somebody else's. */
  | "theirs";

export const hookStateOf = ({ hook }: HookPlace, text: string): HookState => {
  const status = fs.lstatSync(hook, { throwIfNoEntry: false });
  if (status === undefined) return "missing";
  if (!status.isFile()) return "theirs";
  const found = fs.readFileSync(hook, "utf8");
  if (found === text) return (status.mode & 0o100) === 0 ? "outdated" : "ours";
  return found.startsWith(`#!/bin/sh\n${mark}\n`) ? "outdated" : "theirs";
};

export interface HookProgram {
  /** Node and the script; without it, the command is looked for when the hook runs. */
  readonly program: readonly [node: string, script: string] | undefined;
  /** The guard as it is typed here, such as `mled guard`. */
  readonly command: readonly string[];
  /** Words that say which ledger is meant, where that does not follow from the folder. */
  readonly place: readonly string[];
}

/** Every word is quoted, and no path of a commit comes near the script: the guard asks git itself. */
export const hookText = ({ program, command, place }: HookProgram): string => {
  const args = ["--staged", ...place].map(quoted).join(" ");
  const [name = "mled", ...words] = command.map(quoted);
  const [node, script] = program?.map(quoted) ?? [];
  const asked =
    node === undefined
      ? ""
      : `if test -x ${node} && test -f ${script}; then
  exec ${[node, script, ...words].join(" ")} ${args} >&2
fi
`;
  return `#!/bin/sh
${mark}
# Made by "hook install", taken away by "hook uninstall". The hook that was here before runs first.
before=\${0%/*}/${chainedName}
if test -x "$before"; then
  "$before" "$@" || exit $?
fi
${asked}if command -v ${name} >/dev/null 2>&1; then
  exec ${[name, ...words].join(" ")} ${args} >&2
fi
echo "mission-ledger: its program is not found, so nobody can say whose files these are; the commit is held up." >&2
echo "  Install it again (npm i -g mission-ledger has mled), or take the hook away: rm \\"$0\\"" >&2
exit 1
`;
};

/** As any POSIX shell reads it back; quoted even where it need not be. */
const quoted = (word: string): string =>
  /^[a-z-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

export type Installed = "installed" | "updated" | "unchanged";

/** Throws `USAGE` where there are two hooks of somebody else, and what the disk throws. */
export const installHook = (
  place: HookPlace,
  text: string,
  { uuid }: Pick<Randomness, "uuid">,
): Installed => {
  const { folder, hook, chained } = place;
  const state = hookStateOf(place, text);
  if (state === "ours") return "unchanged";
  fs.mkdirSync(folder, { recursive: true });
  if (state === "theirs") keep(hook, chained);
  const draft = `${hook}.${uuid()}.new`;
  try {
    fs.writeFileSync(draft, text, { flag: "wx", mode: 0o777 });
    // In one step: there is no moment without a hook.
    fs.renameSync(draft, hook);
  } finally {
    fs.rmSync(draft, { force: true });
  }
  return state === "outdated" ? "updated" : "installed";
};

/** Gives a hook a second name, by which it stays when its first one is taken. */
const keep = (hook: string, chained: string): void => {
  const status = fs.lstatSync(hook);
  const there = fs.lstatSync(chained, { throwIfNoEntry: false });
  if (there !== undefined && there.ino === status.ino && there.dev === status.dev) return;
  if (there !== undefined || status.isDirectory())
    throw usage(
      `${hook} is not ours${there === undefined ? ", and no file" : `, and so is ${chained}, which was there before it`}`,
      "Make one hook of the two, then run this again; nothing was changed.",
    );
  if (status.isSymbolicLink()) fs.symlinkSync(fs.readlinkSync(hook), chained);
  else fs.linkSync(hook, chained);
};

export type Uninstalled = "removed" | "restored" | "not_ours" | "missing";

/** What was there before takes its place again. Somebody else's hook stays. */
export const uninstallHook = (place: HookPlace): Uninstalled => {
  const { hook, chained } = place;
  const state = hookStateOf(place, "");
  if (state === "missing") return "missing";
  if (state === "theirs") return "not_ours";
  if (fs.lstatSync(chained, { throwIfNoEntry: false }) === undefined) {
    fs.unlinkSync(hook);
    return "removed";
  }
  fs.renameSync(chained, hook);
  return "restored";
};
