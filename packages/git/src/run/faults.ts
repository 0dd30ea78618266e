/** What it means that git did not answer: from how it ended and what it said to a stable code and the next step. */
import { LedgerError } from "@mission-ledger/core";

/** Every code has a heading of this name in docs/errors.md. A code is never renamed. */
export type GitFaultCode =
  | "GIT_FAILED"
  | "GIT_LIMIT_EXCEEDED"
  | "GIT_MISSING"
  | "GIT_NAME_INVALID"
  | "GIT_NO_REPOSITORY"
  | "GIT_NO_WORK_TREE"
  | "GIT_OUTPUT_UNREADABLE"
  | "GIT_REVISION_AMBIGUOUS"
  | "GIT_REVISION_MISSING"
  | "GIT_TIMEOUT"
  | "GIT_TOO_OLD"
  | "GIT_UNTRUSTED"
  | "RESOURCES_EXHAUSTED";

export interface GitFaultOptions {
  /** Whether the same question may be answered later without anybody changing something. @defaultValue false */
  readonly retryable?: boolean;
  readonly hint: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Thrown by this package, and only this. Facts are read, so nothing was ever written. */
export class GitFault extends LedgerError {
  override readonly name = "GitFault";
  readonly code: GitFaultCode;

  constructor(code: GitFaultCode, message: string, { retryable = false, ...rest }: GitFaultOptions) {
    super(message, { outcome: "not_written", retryable, ...rest });
    this.code = code;
  }
}

export const isGitFault = (value: unknown): value is GitFault => value instanceof GitFault;

export interface GitEnd {
  readonly cwd: string;
  /** Git's own subcommand, such as `rev-parse`. */
  readonly command: string;
  readonly status: number;
  readonly said: string;
}

interface Meaning {
  readonly code: GitFaultCode;
  readonly words: (end: GitEnd) => string;
  readonly hint: string;
}

/** Git has one exit code for nearly everything; what it says is stable under `LC_ALL=C`. */
const meanings: readonly (readonly [said: RegExp, Meaning])[] = [
  [
    /dubious ownership|unsafe repository|safe\.bareRepository/,
    {
      code: "GIT_UNTRUSTED",
      words: ({ cwd }) => `git does not trust the repository at ${cwd}: somebody else owns it`,
      hint: "If you trust it: git config --global --add safe.directory <its path>, as git's own message says.",
    },
  ],
  [
    /not a git repository|cannot change to|not inside a git repository/i,
    {
      code: "GIT_NO_REPOSITORY",
      words: ({ cwd }) => `${cwd} is in no git repository`,
      hint: "Run it in a repository, or make one: git init.",
    },
  ],
  [
    /must be run in a work tree/,
    {
      code: "GIT_NO_WORK_TREE",
      words: ({ cwd }) => `${cwd} is in no work tree: the repository is bare, or this is git's own folder`,
      hint: "Run it in a work tree of the repository; git worktree list shows them.",
    },
  ],
  [
    /bad object|not a valid commit name|bad revision|unknown revision|invalid symmetric difference|unable to read tree|could not parse commit|not a tree object|not a valid object name/i,
    {
      code: "GIT_REVISION_MISSING",
      words: ({ command }) => `the repository lacks a commit that git ${command} was asked about`,
      hint: "Fetch it, or ask about commits that are there; in a shallow or partial clone history may be missing.",
    },
  ],
  [
    /unknown option|unknown switch|^usage: /m,
    {
      code: "GIT_TOO_OLD",
      words: ({ command }) => `this git does not know what ${command} was asked for`,
      hint: "Install git 2.36 or newer.",
    },
  ],
];

/** The one place that reads git's messages. */
export const faultOfEnd = (end: GitEnd): GitFault => {
  const { cwd, command, status } = end;
  const said = printableLine(end.said);
  const details = { cwd, command, status, said };
  const meaning = meanings.find(([words]) => words.test(end.said))?.[1];
  if (meaning !== undefined)
    return new GitFault(meaning.code, meaning.words(end), { hint: meaning.hint, details });
  return new GitFault("GIT_FAILED", `git ${command} ended with ${status}${said === "" ? "" : `: ${said}`}`, {
    hint: "Run git in the repository and see what it says; git fsck looks for damage.",
    details,
  });
};

/** What git did not say as it was asked: a defect of this package, or a git that nobody has seen yet. */
export const unreadable = (command: string, problem: string): GitFault =>
  new GitFault("GIT_OUTPUT_UNREADABLE", `the answer of git ${command} was not understood: ${problem}`, {
    hint: "This is a bug in mission-ledger; please report it with the version of git.",
    details: { command, problem },
  });

const longestSaid = 500;

/** Git quotes what repositories hold, and addresses may hold passwords: neither may reach a terminal as it is. */
export const printableLine = (said: string): string => {
  const line = said
    .replace(/(\/\/)[^/@\s]*@/g, "$1")
    .replace(/\s+/g, " ")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, "?")
    .trim();
  return line.length > longestSaid ? `${line.slice(0, longestSaid)}…` : line;
};
