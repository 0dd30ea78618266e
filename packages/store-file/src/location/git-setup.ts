/**
 * What a repository needs so that git carries the ledger's copies and merges them: an attributes file in the work tree, the
 * merge driver in the repository's own config, and, if wanted, a hook. Promises: nothing that somebody else made is changed;
 * running it again changes nothing; each step can be undone.
 */
import path from "node:path";
import { StoreFault } from "@mission-ledger/core";
import { faultOf } from "../faults.ts";
import type { FilePort } from "../files/file-port.ts";
import { nodeFiles } from "../files/node-files.ts";
import { openRegularIfThere, readFully, readOnly, unsafeFile } from "../files/safe-files.ts";
import { writeNewFile } from "../files/write-file.ts";
import { askGit, type GitProgram, runGit } from "./git.ts";
import { attributesName, folderName } from "./locate-ledger.ts";

export interface GitSetupOptions {
  readonly cwd: string;
  readonly git?: GitProgram;
  /** How this program is run: Node and the script. Without it, git looks for `mled` when it needs it. */
  readonly program?: readonly [node: string, script: string];
  /** Also a pre-commit hook. @defaultValue false */
  readonly hook?: boolean;
  readonly files?: FilePort;
}

export interface SetupStep {
  readonly kind: "file" | "config" | "hook";
  /** The file, or the key in the repository's config. */
  readonly target: string;
  readonly value: string;
  /** `theirs`: something of somebody else stands there, and stays as it is; `value` is what to add by hand. */
  readonly state: "missing" | "done" | "outdated" | "theirs";
}

export interface GitSetup {
  readonly workTree: string;
  /** `.mission-ledger` of the work tree. */
  readonly folder: string;
  readonly steps: readonly SetupStep[];
}

const attributes = `log/*.jsonl -text merge=mission-ledger\n`;
/** A ledger's own folders may lie here too, from the time before there was a repository. */
const ignored = `/*\n!/.gitattributes\n!/.gitignore\n!/log/\n/log/*\n!/log/*.jsonl\n`;
const nameKey = "merge.mission-ledger.name";
const driverKey = "merge.mission-ledger.driver";
const driverName = "mission-ledger: the union of two copies of a log";
const hookMark = "# mission-ledger: no torn or damaged copy of a log is committed";

/** What would be done. Throws `STORE_MISSING` outside of a git work tree. */
export const planGitSetup = ({
  cwd,
  git,
  program,
  hook = false,
  files = nodeFiles,
}: GitSetupOptions): GitSetup => {
  const ask = (...args: readonly string[]): string | undefined => askGit(cwd, args, git);
  const workTree = ask("rev-parse", "--path-format=absolute", "--show-toplevel");
  if (workTree === undefined || !path.isAbsolute(workTree)) throw noWorkTree(cwd);
  const folder = path.join(workTree, folderName);
  const config = (key: string, value: string): SetupStep => {
    const present = ask("config", "--local", "--get", key);
    const state = present === undefined ? "missing" : present === value ? "done" : "outdated";
    return { kind: "config", target: key, value, state };
  };
  const file = (name: string, value: string, isDone: (text: string) => boolean): SetupStep => {
    const target = path.join(folder, name);
    const text = textOf(files, target);
    const state = text === undefined ? "missing" : isDone(text) ? "done" : "theirs";
    return { kind: "file", target, value, state };
  };
  return {
    workTree,
    folder,
    steps: [
      file(attributesName, attributes, (text) => text.split(/\r?\n/).includes(attributes.trimEnd())),
      file(".gitignore", ignored, () => true),
      config(nameKey, driverName),
      config(driverKey, driverCommand(program)),
      ...(hook ? [hookStep(files, ask, hookText(program))] : []),
    ],
  };
};

const hookStep = (
  files: FilePort,
  ask: (...args: readonly string[]) => string | undefined,
  text: string,
): SetupStep => {
  const hooks = ask("rev-parse", "--path-format=absolute", "--git-path", "hooks") ?? "";
  const common = ask("rev-parse", "--path-format=absolute", "--git-common-dir") ?? "";
  const target = path.join(hooks, "pre-commit");
  const value = text.split("\n").slice(2).join("\n").trimEnd();
  // Hooks that lie elsewhere belong to more than this repository.
  if (path.dirname(hooks) !== common) return { kind: "hook", target, value, state: "theirs" };
  const present = textOf(files, target);
  if (present === undefined) return { kind: "hook", target, value: text, state: "missing" };
  if (present === text) return { kind: "hook", target, value: text, state: "done" };
  if (present.includes("check-copies --staged") && !isOurHook(present))
    return { kind: "hook", target, value, state: "done" };
  return isOurHook(present)
    ? { kind: "hook", target, value: text, state: "outdated" }
    : { kind: "hook", target, value, state: "theirs" };
};

const isOurHook = (text: string): boolean => text.startsWith(`#!/bin/sh\n${hookMark}\n`);

/** Does what is missing or outdated. Throws a `StoreFault` at the first step that fails; running it again goes on there. */
export const applyGitSetup = (
  { workTree, folder, steps }: GitSetup,
  { git, files = nodeFiles }: Pick<GitSetupOptions, "git" | "files"> = {},
): void => {
  try {
    makeFolder(files, folder);
    for (const { kind, target, value, state } of steps) {
      if (state === "done" || state === "theirs") continue;
      if (kind === "config") {
        const { status, stderr } = runGit(workTree, ["config", "--local", target, value], git);
        if (status !== 0) throw configFailed(target, stderr);
        continue;
      }
      if (kind === "hook") makeFolder(files, path.dirname(target));
      if (state === "outdated") files.unlink(target);
      writeNewFile(files, target, Buffer.from(value), {
        flush: false,
        mode: kind === "hook" ? 0o777 : 0o666,
      });
    }
  } catch (error) {
    throw faultOf(error, "open", { path: folder });
  }
};

/** Takes the driver, the hook and the attributes away where they are ours. The copies stay; the ledger is not touched. */
export const undoGitSetup = ({ cwd, git, files = nodeFiles }: GitSetupOptions): readonly SetupStep[] => {
  const { workTree, steps } = planGitSetup({ cwd, hook: true, files, ...(git === undefined ? {} : { git }) });
  const undone: SetupStep[] = [];
  try {
    for (const step of steps) {
      const { kind, target, value, state } = step;
      if (state === "missing" || state === "theirs") continue;
      if (kind === "config") runGit(workTree, ["config", "--local", "--unset-all", target], git);
      else {
        const text = textOf(files, target);
        const isOurs = kind === "hook" ? text !== undefined && isOurHook(text) : text === value;
        if (!isOurs) continue;
        files.unlink(target);
      }
      undone.push(step);
    }
  } catch (error) {
    throw faultOf(error, "open", { path: workTree });
  }
  runGit(workTree, ["config", "--local", "--remove-section", "merge.mission-ledger"], git);
  return undone;
};

/** Whether this clone merges copies with the driver. */
export const hasMergeDriver = (cwd: string, git?: GitProgram): boolean =>
  askGit(cwd, ["config", "--get", driverKey], git) !== undefined;

/**
 * Git runs it through a shell, from wherever somebody merges: this very program where it still lies, else a `mled` on the
 * path, else git's own union merge, whose result is read correctly as well. So a program that moved away loses nothing.
 */
const driverCommand = (program: GitSetupOptions["program"]): string =>
  `${chain(program, "merge-driver %O %A %B %P", (text) => text.replaceAll("%", "%%"))}; else git merge-file --quiet --union %A %O %B; fi`;

const hookText = (program: GitSetupOptions["program"]): string =>
  `#!/bin/sh\n${hookMark}\n${chain(program, "check-copies --staged >/dev/null || exit 1", (text) => text)}; fi\n`;

const chain = (
  program: GitSetupOptions["program"],
  args: string,
  escaped: (text: string) => string,
): string => {
  const found = `command -v mled >/dev/null 2>&1; then mled ${args}`;
  if (program === undefined) return `if ${found}`;
  const [node, script] = program.map((name) => escaped(shellWord(name))) as [string, string];
  return `if test -x ${node} && test -f ${script}; then ${node} ${script} ${args}; elif ${found}`;
};

const shellWord = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const longestText = 65_536;

const textOf = (files: FilePort, name: string): string | undefined => {
  const opened = openRegularIfThere(files, name, readOnly);
  if (opened === undefined) return undefined;
  try {
    return readFully(files, opened.fd, 0, longestText).toString("utf8");
  } finally {
    files.close(opened.fd);
  }
};

const makeFolder = (files: FilePort, folder: string): void => {
  try {
    files.mkdir(folder, 0o777);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  if (!files.lstat(folder)?.isDirectory()) throw unsafeFile(folder, "is not a directory");
};

export const noWorkTree = (cwd: string): StoreFault =>
  new StoreFault("STORE_MISSING", `${cwd} is in no git work tree`, {
    outcome: "not_written",
    retryable: false,
    hint: "Run it in the work tree of a repository, or make one: git init.",
    details: { path: cwd },
  });

const configFailed = (key: string, said: string): StoreFault =>
  new StoreFault("STORAGE_ERROR", `git could not set ${key}: ${said}`, {
    outcome: "not_written",
    retryable: true,
    details: { key },
  });
