/** A prompt as a file: a head for programs, then Markdown for the reviewer. The head is JSON between two lines `---`, which is YAML as well. */
import type { PlaceName, PromptIdentity } from "@mission-ledger/core/mission";

export const promptSchema = "mission-ledger/review-prompt/v1";

/** A directory, with where it is: the file stays on this machine. */
export interface PromptPlace extends PlaceName {
  readonly path: string;
}

export interface PromptHead extends Omit<PromptIdentity, "repository" | "worktree"> {
  readonly schema: typeof promptSchema;
  readonly repository: PromptPlace;
  readonly worktree: PromptPlace;
  /** What the base was computed from: the head's merge base with this commit, and the ref that stood there. */
  readonly comparedWith: { readonly ref: string | null; readonly commit: string };
  /** Whether the head is what the worktree has checked out, or was named. */
  readonly headFrom: "worktree" | "named";
  /** RFC 3339. */
  readonly createdAt: string;
  /** The ledger that has the prompt on record: its path, or its address without a password. */
  readonly ledger: string | null;
}

const fence = "---";

export const formatPrompt = (head: PromptHead, body: string): string =>
  `${fence}\n${JSON.stringify(head, null, 2)}\n${fence}\n\n${body}`;

/** The head of a prompt; `undefined` for a text that is none. Says nothing about whether it is true. */
export const parsePrompt = (text: string): PromptHead | undefined => {
  if (!text.startsWith(`${fence}\n`)) return undefined;
  // Strings of JSON hold no line end, so the first such line ends the head.
  const end = text.indexOf(`\n${fence}\n`, fence.length);
  if (end < 0) return undefined;
  let head: unknown;
  try {
    head = JSON.parse(text.slice(fence.length + 1, end));
  } catch {
    return undefined;
  }
  return isHead(head) ? head : undefined;
};

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const isObjectOf =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length === Object.keys(checks).length &&
    Object.entries(checks).every(([key, check]) => check((value as Record<string, unknown>)[key]));

const isPlace = isObjectOf({ id: isText, name: isText, path: isText });

const checks: Readonly<Record<keyof PromptHead, Check>> = {
  schema: (value) => value === promptSchema,
  promptId: isText,
  mission: isText,
  missionId: isText,
  workPackageId: isText,
  cycle: Number.isSafeInteger,
  subject: isText,
  repository: isPlace,
  worktree: isPlace,
  branch: orNull(isText),
  base: isText,
  head: isText,
  comparedWith: isObjectOf({ ref: orNull(isText), commit: isText }),
  headFrom: (value) => value === "worktree" || value === "named",
  createdAt: isText,
  ledger: orNull(isText),
};

const isHead = isObjectOf(checks) as (value: unknown) => value is PromptHead;
