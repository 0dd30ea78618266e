/** `tasks/<work package file>/review-cycle-N.md`: what one review file says. Whatever cannot be read approves nothing. */
import { sha256Hex } from "@mission-ledger/core";
import type { ArtifactVerdict } from "@mission-ledger/core/mission";
import { readableText } from "../bytes.ts";
import { clip } from "../text.ts";
import { readFrontmatter, type YamlValue } from "./frontmatter.ts";
import type { NamedFile } from "./work-package-file.ts";

/** A file as it was found. One that is there and could not be read has a `problem` and no bytes. */
export interface FoundReviewFile extends NamedFile {
  /** Completes the sentence that begins with its name. */
  readonly problem?: string;
}

export interface ReviewFile {
  readonly name: string;
  /** The folder it lies in: the name of a work package file without `.md`. */
  readonly folder: string;
  readonly sha256: string;
  /** As its name has it; `null` where no number can be read. */
  readonly cycle: number | null;
  readonly verdict: ArtifactVerdict;
  /** The file's own word; absent where it has none. */
  readonly word: string | undefined;
  readonly by: string | undefined;
  readonly reviewedAt: string | undefined;
  /** The work package that its head names. */
  readonly wpId: string | undefined;
  /** Somebody wrote into it that its rejection does not count: who, why and for which work package. */
  readonly override: FileOverride | undefined;
  readonly problem: string | undefined;
}

export interface FileOverride {
  readonly by: string;
  readonly reason: string;
  readonly at: string;
  readonly wpId: string;
}

/** Source: the verdicts in 537 review files, and the words that Spec Kitty's own reader knew. */
const verdictOfWord: Readonly<Record<string, "approved" | "changes_requested">> = {
  approved: "approved",
  approved_after_orchestrator_fix: "approved",
  arbiter_override: "approved",
  changes_requested: "changes_requested",
  changes_requested_for_arbiter: "changes_requested",
  reject: "changes_requested",
  rejected: "changes_requested",
};

/** Whether a name is that of a review file, or is meant to be. */
export const isReviewFileName = (name: string): boolean => /^review-cycle-.*\.md$/is.test(name);

/** Never throws. Takes names such as `tasks/WP01-mast/review-cycle-2.md`. */
export const readReviewFile = ({ name, bytes, problem }: FoundReviewFile): ReviewFile => {
  const [folder = "", base = ""] = name.split("/").slice(-2);
  const digits = /^review-cycle-0*([1-9][0-9]{0,8})\.md$/i.exec(base)?.[1];
  const about = {
    name,
    folder,
    sha256: sha256Hex(bytes),
    cycle: digits === undefined ? null : Number(digits),
    ...blank,
  };
  const unreadable = (what: string): ReviewFile => ({ ...about, verdict: "unreadable", problem: what });
  if (problem !== undefined) return unreadable(problem);
  if (hasConflictMarkers(bytes)) return unreadable("holds the markers of a merge conflict");
  const head = readFrontmatter(bytes);
  if (head._tag === "None") return unreadable("has no head");
  if (head._tag === "Problem") return unreadable(`has a head that ${head.problem}`);
  const said = saidIn(head.members);
  const second = secondHead(bytes, head.end);
  // A tool puts its head before the author's: the file rejects when either does.
  const rejects = second !== undefined && second.verdict === "changes_requested";
  return { ...about, ...said, ...(rejects ? { verdict: second.verdict, word: second.word } : {}) };
};

const blank = {
  word: undefined,
  by: undefined,
  reviewedAt: undefined,
  wpId: undefined,
  override: undefined,
  problem: undefined,
} as const;

type Said = Omit<ReviewFile, "name" | "folder" | "sha256" | "cycle">;

const saidIn = (members: ReadonlyMap<YamlValue, YamlValue>): Said => {
  const textAt = (key: string): string | undefined => textOf(members.get(key));
  const word = textAt("verdict");
  const known = word?.toLowerCase();
  const override = ["actor", "reason", "at", "wp_id"].map((key) => textAt(`review_artifact_override_${key}`));
  const [by, reason, at, wpId] = override;
  return {
    ...blank,
    verdict:
      known !== undefined && Object.hasOwn(verdictOfWord, known)
        ? (verdictOfWord[known] ?? "missing")
        : "missing",
    word: word === undefined ? undefined : clip(word, 64),
    by: textAt("reviewer_agent") ?? textAt("reviewer"),
    reviewedAt: textAt("reviewed_at"),
    wpId: textAt("wp_id"),
    override:
      by === undefined || reason === undefined || at === undefined || wpId === undefined
        ? undefined
        : { by: clip(by, 200), reason: clip(reason, 2_000), at, wpId },
  };
};

const secondHead = (bytes: Uint8Array, end: number): Said | undefined => {
  let start = end;
  while (bytes[start] === 0x0a || bytes[start] === 0x0d || bytes[start] === 0x20) start += 1;
  const head = readFrontmatter(bytes.subarray(start));
  return head._tag === "Frontmatter" ? saidIn(head.members) : undefined;
};

/** Git's own lines: a merge that writes both sides into the file leaves them behind. */
const hasConflictMarkers = (bytes: Uint8Array): boolean =>
  /^(?:<{7}|>{7}|\|{7})(?: |\r?$)/m.test(readableText(bytes));

/** A word of YAML that is no text is a word all the same: `verdict: true` says nothing that is known. */
const textOf = (value: YamlValue | undefined): string | undefined => {
  if (typeof value === "string") return value.trim() === "" ? undefined : value.trim();
  return typeof value === "number" || typeof value === "boolean" || typeof value === "bigint"
    ? String(value)
    : undefined;
};
