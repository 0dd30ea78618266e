/** A Spec Kitty mission's folder with review files, for tests: one package, invented names. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

export interface MadeMission {
  readonly to?: string;
  readonly forced?: boolean;
  /** The verdict that the log gives with the last transition. */
  readonly verdict?: string;
  readonly reviews?: Readonly<Record<string, string>>;
  /** Transitions before the last one. @defaultValue none */
  readonly history?: readonly { readonly to: string; readonly verdict: string }[];
}

/** Writes `<folder>/kitty-specs/raft` and answers its path. */
export const makeSpecKittyMission = (
  folder: string,
  { to = "done", forced = false, verdict, reviews = {}, history = [] }: MadeMission = {},
): string => {
  const made = path.join(folder, "kitty-specs", "raft");
  mkdirSync(path.join(made, "tasks", "WP01-mast"), { recursive: true });
  writeFileSync(path.join(made, "tasks", "WP01-mast.md"), "---\nwork_package_id: WP01\ntitle: Mast\n---\n");
  writeFileSync(
    path.join(made, "meta.json"),
    '{"mission_id": "01J0000000000000000000RAFT", "friendly_name": "Raft"}',
  );
  const rows = [...history, { to, verdict }].map(({ to: lane, verdict: given }, index) =>
    JSON.stringify({
      actor: "otter",
      at: `2026-01-01T00:00:0${index}+00:00`,
      event_id: `01J0000000000000000000000${index}`,
      evidence: null,
      execution_mode: "worktree",
      force: index === history.length && forced,
      from_lane: "approved",
      mission_slug: "raft",
      reason: null,
      review_ref: null,
      to_lane: lane,
      wp_id: "WP01",
      ...(given === undefined
        ? {}
        : { review_result: { reviewer: "beaver", verdict: given, reference: "r" } }),
    }),
  );
  writeFileSync(path.join(made, "status.events.jsonl"), rows.map((row) => `${row}\n`).join(""));
  for (const [name, content] of Object.entries(reviews)) writeReview(made, name, content);
  return made;
};

export const reviewName = (cycle: number | string): string => `review-cycle-${cycle}.md`;

/** `verdict: …` becomes a whole file; anything else is written as it is. */
export const writeReview = (mission: string, name: string, content: string): void =>
  writeFileSync(
    path.join(mission, "tasks", "WP01-mast", name),
    content.startsWith("verdict:") ? `---\nwp_id: WP01\n${content}\n---\n\n# Review\n` : content,
  );
