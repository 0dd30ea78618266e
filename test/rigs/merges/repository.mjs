/** A bare repository whose merge driver is the rig's own process: starting node for each file would take most of the time. */
import { execFile, execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  createReadStream,
  mkdirSync,
  openSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { systemRandomness } from "@mission-ledger/core";
import { mergeCopyFiles } from "@mission-ledger/store-file";

const environment = {
  PATH: process.env.PATH,
  HOME: "/nonexistent",
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  GIT_EDITOR: "true",
  ...Object.fromEntries(
    ["AUTHOR", "COMMITTER"].flatMap((who) => [
      [`GIT_${who}_NAME`, "rig"],
      [`GIT_${who}_EMAIL`, "rig@example.org"],
      [`GIT_${who}_DATE`, "1700000000 +0000"],
    ]),
  ),
};

/** What the files are merged by: our driver, git's union of lines, or nothing but conflict markers. */
const attributes = {
  driver: "*.jsonl -text merge=mission-ledger\n",
  union: "*.jsonl -text merge=union\n",
  plain: "*.jsonl -text\n",
};

/** Answers `{ code, stdout }`; whatever git says on standard error is in `stderr`. */
const started = (args, { cwd, input }) =>
  new Promise((resolve) => {
    const child = execFile(
      "git",
      args,
      { cwd, env: environment, encoding: "buffer", maxBuffer: 2 ** 28 },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : error.code, stdout, stderr: String(stderr) }),
    );
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });

export const gitVersion = () => {
  try {
    const [, major, minor] =
      /(\d+)\.(\d+)/.exec(execFileSync("git", ["--version"], { encoding: "utf8" })) ?? [];
    return Number(major) * 1_000 + Number(minor);
  } catch {
    return 0;
  }
};

export const openRepository = async (scratch) => {
  const directory = path.join(scratch, "repository.git");
  const [request, response] = [path.join(scratch, "request"), path.join(scratch, "response")];
  mkdirSync(directory);
  execFileSync("mkfifo", [request, response]);
  for (const [name, text] of Object.entries(attributes)) writeFileSync(path.join(scratch, name), text);
  const counts = { processes: 0, driven: 0, refused: 0 };

  // Opened to read and write, so that neither end ever waits for the other to come.
  const [requests, responses] = [request, response].map((name) => openSync(name, constants.O_RDWR));
  const stream = createReadStream(request, { fd: requests, autoClose: false });
  const lines = createInterface({ input: stream });
  lines.on("line", (line) => {
    if (line === "") return;
    const [cwd, base, ours, theirs, target] = line.split("\t");
    let code = 1;
    try {
      const at = (name) => path.resolve(cwd, name);
      const options = {
        base: at(base),
        ours: at(ours),
        theirs: at(theirs),
        target,
        randomness: systemRandomness,
      };
      code = mergeCopyFiles(options)._tag === "Merged" ? 0 : 1;
    } finally {
      counts.driven += 1;
      counts.refused += code;
      writeSync(responses, `${code}\n`);
    }
  });
  const tab = "\\011";
  const driver = `{ printf '%%s${tab}' "$PWD" %O %A %B; echo %P; } > ${request} && read code < ${response} && exit $code`;

  const git = async (args, { mode = "driver", cwd = directory, input, driven = driver } = {}) => {
    counts.processes += 1;
    const settings = [
      `core.attributesFile=${path.join(scratch, mode)}`,
      `merge.mission-ledger.driver=${driven}`,
    ];
    return started([...settings.flatMap((setting) => ["-c", setting]), ...args], { cwd, input });
  };
  const asked = async (args, options) => {
    const { code, stdout, stderr } = await git(args, options);
    if (code !== 0) throw new Error(`git ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout.toString("latin1").trim();
  };
  await asked(["init", "--quiet", "--bare", "."]);

  return {
    directory,
    counts,
    git,
    asked,
    /** Merges two commits; answers the tree, and whether git calls it clean. */
    mergeTrees: async (ours, theirs, options) => {
      const { code, stdout, stderr } = await git(
        ["merge-tree", "--write-tree", "--no-messages", ours, theirs],
        options,
      );
      if (code !== 0 && code !== 1) throw new Error(`merge-tree ended with ${code}: ${stderr}`);
      return { tree: stdout.toString("latin1").split("\n")[0], clean: code === 0 };
    },
    /** The files at some paths of commits or trees, in order. */
    filesAt: async (names) => {
      const { stdout } = await git(["cat-file", "--batch"], { input: `${names.join("\n")}\n` });
      let at = 0;
      return names.map((name) => {
        const end = stdout.indexOf(0x0a, at);
        const [, type, size] = stdout.toString("latin1", at, end).split(" ");
        if (type !== "blob") throw new Error(`${name} is not there`);
        const bytes = stdout.subarray(end + 1, end + 1 + Number(size));
        at = end + 1 + Number(size) + 1;
        return bytes;
      });
    },
    close: () => {
      lines.close();
      stream.destroy();
      // A read of the pipe is waiting in another thread; this ends it.
      writeSync(requests, "\n");
      closeSync(responses);
    },
  };
};
