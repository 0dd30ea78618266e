/** A Spec Kitty mission's folder with review files, for tests: one package, invented names. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

export interface MadeMission {
  readonly to?: string;
  readonly forced?: boolean;
  /** The verdict that the log gives with the last transition. */
  readonly verdict?: string;
  readonly reviews?: Readonly<Record<string, string>>;
}

/** Writes `<folder>/kitty-specs/raft` and answers its path. */
export const makeSpecKittyMission = (
  folder: string,
  { to = "done", forced = false, verdict, reviews = {} }: MadeMission = {},
): string => {
  const made = path.join(folder, "kitty-specs", "raft");
  mkdirSync(path.join(made, "tasks", "WP01-mast"), { recursive: true });
  writeFileSync(path.join(made, "tasks", "WP01-mast.md"), "---\nwork_package_id: WP01\ntitle: Mast\n---\n");
  writeFileSync(
    path.join(made, "meta.json"),
    '{"mission_id": "01J0000000000000000000RAFT", "friendly_name": "Raft"}',
  );
  const row = {
    actor: "otter",
    at: "2026-01-01T00:00:00+00:00",
    event_id: "01J00000000000000000000001",
    evidence: null,
    execution_mode: "worktree",
    force: forced,
    from_lane: "approved",
    mission_slug: "raft",
    reason: null,
    review_ref: null,
    to_lane: to,
    wp_id: "WP01",
    ...(verdict === undefined ? {} : { review_result: { reviewer: "beaver", verdict, reference: "r" } }),
  };
  writeFileSync(path.join(made, "status.events.jsonl"), `${JSON.stringify(row)}\n`);
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
