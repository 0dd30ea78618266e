/** Git, run so that neither a repository nor a name can make it run something else. Source: durability rules, section 13. */
import { execFileSync } from "node:child_process";

export interface GitProgram {
  /** The environment git runs in. @defaultValue empty */
  readonly env?: Readonly<Record<string, string>>;
  /** @defaultValue "git" */
  readonly program?: string;
}

export interface GitAnswer {
  readonly stdout: Buffer;
  /** What git said, for a message. */
  readonly stderr: string;
  /** Exit code; -1 if git could not be run or did not end in time. */
  readonly status: number;
}

const longestAnswer = 134_217_728;

export const runGit = (
  cwd: string,
  args: readonly string[],
  { program = "git", env = {} }: GitProgram = {},
): GitAnswer => {
  try {
    const stdout = execFileSync(
      program,
      [
        "--no-pager",
        "--literal-pathspecs",
        "-C",
        cwd,
        "-c",
        "core.fsmonitor=false",
        "-c",
        "protocol.ext.allow=never",
        ...args,
      ],
      {
        env: { ...env, LC_ALL: "C", GIT_TERMINAL_PROMPT: "0", GIT_OPTIONAL_LOCKS: "0" },
        stdio: ["ignore", "pipe", "pipe"],
        timeout: 10_000,
        maxBuffer: longestAnswer,
      },
    );
    return { stdout, stderr: "", status: 0 };
  } catch (error) {
    const { status, stdout, stderr } = error as {
      readonly status?: number | null;
      readonly stdout?: Buffer | null;
      readonly stderr?: Buffer | null;
    };
    return {
      stdout: stdout ?? Buffer.alloc(0),
      stderr: stderr?.toString("utf8").trim() ?? "",
      status: status ?? -1,
    };
  }
};

/** Git's answer as a line of text; `undefined` if it failed. */
export const askGit = (cwd: string, args: readonly string[], git: GitProgram = {}): string | undefined => {
  const { status, stdout } = runGit(cwd, args, git);
  return status === 0 ? stdout.toString("utf8").replace(/\n$/, "") : undefined;
};
