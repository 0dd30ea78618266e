/** Nobody is stranded: every state in which a package waits for somebody to free it, and the one command that doctor prints for it. */

import fs from "node:fs";
import path from "node:path";
import {
  type AttentionKind,
  type ImportedEvent,
  type Lane,
  lanes,
  type PlannedWorkPackage,
  type SeenOfClaims,
} from "@mission-ledger/core/mission";
import { describe, expect, test } from "vitest";
import { runLedger } from "./cli.ts";
import { openLedger } from "./index.ts";
import type { Machine } from "./machine/machine.ts";
import { fakeMachine } from "./testing/fake-machine.ts";
import { gitAt } from "./testing/git.ts";
import { abortsAtAsk } from "./testing/interrupting-signal.ts";
import { parseArgs } from "./testing/parse-args.ts";
import { specKittyRow } from "./testing/samples.ts";
import { planned, type Session, session } from "./testing/session.ts";

const minute = 60_000;
const reason = ["--reason", "for the test"] as const;

interface Stuck {
  /** What doctor calls it. */
  readonly kind: AttentionKind;
  /** The package it is about. @defaultValue "p/WP01" */
  readonly ref?: string;
  readonly arrange: () => Promise<Session>;
  /** Where the package stands afterwards, and who holds it. */
  readonly becomes: { readonly lane: Lane; readonly holder?: string };
  /** It is in the plan then, and another one has its execution lane. @defaultValue false */
  readonly waits?: boolean;
  /** What stands for a place that nobody but the reader knows. */
  readonly placeholder?: (shell: Session) => string;
}

const run = async (shell: Session, ...argv: readonly string[]): Promise<void> => {
  const { code, err } = await shell.run(...argv);
  if (code !== 0) throw new Error(`mled ${argv.join(" ")} failed: ${err}`);
};

const implementing = async (shell: Session, id = "WP01"): Promise<void> => {
  await run(shell, "wp", "claim", `p/${id}`, "--lease", "10m");
  await run(shell, "wp", "move", `p/${id}`, "in_progress");
};
const forReview = async (shell: Session): Promise<void> => {
  await implementing(shell);
  await run(shell, "wp", "move", "p/WP01", "for_review", "--evidence", "note=done");
};
const reviewing = async (shell: Session): Promise<void> => {
  await forReview(shell);
  await run(shell, "review", "start", "p/WP01", "--as", "reviewer", "--lease", "10m");
};
const approved = async (shell: Session): Promise<void> => {
  await reviewing(shell);
  await run(shell, "review", "submit", "p/WP01", "--as", "reviewer", "--verdict", "approved");
};

/** Brings a package of `p` into a lane the ordinary way. */
const ways: Readonly<
  Record<
    "claimed" | "in_progress" | "for_review" | "in_review" | "approved",
    (shell: Session) => Promise<void>
  >
> = {
  claimed: (shell) => run(shell, "wp", "claim", "p/WP01", "--lease", "10m"),
  in_progress: implementing,
  for_review: forReview,
  in_review: reviewing,
  approved,
};

const holderOf = (lane: keyof typeof ways): string => (lane === "in_review" ? "reviewer" : "tester");

const leaseOver = (lane: "claimed" | "in_progress" | "in_review", back: Lane): Stuck => ({
  kind: "lease_expired",
  arrange: async () => {
    const shell = await planned();
    await ways[lane](shell);
    shell.pass(11 * minute);
    return shell;
  },
  becomes: { lane: back },
});

/** As a lane, with a claim that a program of this machine holds, which is gone by the time doctor looks. */
const programGone = (lane: "claimed" | "in_progress" | "in_review", back: Lane): Stuck => ({
  kind: "process_gone",
  arrange: async () => {
    // The fake machine of every command is one on which the process of the next line does not run.
    const shell = await planned({ machine: fakeMachine() });
    const program = { pid: 4242, started: "11111111-2222-3333-4444-555555555555 4026531836-4026531834 777" };
    const { data } = await shell.json("wp", "claim", "p/WP03");
    const ledger = await openLedger({
      actor: holderOf(lane),
      directory: path.join(shell.directory, ".mission-ledger"),
      clock: { now: () => Date.parse("2026-03-01T10:00:00.000Z") },
    });
    try {
      await ways[lane](shell);
      await ledger.engine.mission("p").execute({
        type: "RenewClaim",
        workPackageId: "WP01",
        leaseMs: 60 * minute,
        workplace: { host: data.workplace.host, program },
      });
    } finally {
      await ledger.close();
    }
    return shell;
  },
  becomes: { lane: back },
});

const git = (cwd: string, ...args: readonly string[]): void => {
  gitAt(cwd)(...args);
};

const worktreeGone = (remove: (shell: Session) => void): Stuck => ({
  kind: "worktree_gone",
  arrange: async () => {
    const machine: Machine = fakeMachine();
    const shell = session({ machine });
    git(shell.directory, "init", "--initial-branch=main");
    git(shell.directory, "commit", "--allow-empty", "-m", "first");
    git(shell.directory, "worktree", "add", "lane-a", "-b", "lane-a");
    await run(shell, "init");
    await run(shell, "mission", "create", "p", "Passkeys");
    await run(shell, "wp", "add", "p", "Login form", "--id", "WP01");
    await run(shell, "wp", "claim", "p/WP01", "--worktree", "lane-a");
    remove(shell);
    return shell;
  },
  becomes: { lane: "planned" },
});

const unheld = (lane: "claimed" | "in_progress" | "in_review"): Stuck => ({
  kind: "unheld_work",
  arrange: async () => {
    const shell = await planned();
    await ways[lane](shell);
    await run(shell, "wp", "move", "p/WP01", "blocked", "--as", holderOf(lane), ...reason);
    await run(shell, "wp", "move", "p/WP01", lane);
    return shell;
  },
  becomes: { lane, holder: "helper" },
});

const blockedFrom = (lane: keyof typeof ways): Stuck => ({
  kind: "blocked",
  arrange: async () => {
    const shell = await planned();
    await ways[lane](shell);
    await run(shell, "wp", "move", "p/WP01", "blocked", "--as", holderOf(lane), ...reason);
    return shell;
  },
  becomes: { lane },
});

const plan = (workPackageId: string, more: Partial<PlannedWorkPackage> = {}): ImportedEvent => ({
  type: "WorkPackageAdded",
  workPackageId,
  title: workPackageId,
  dependsOn: [],
  owns: [],
  subtasks: [],
  executionLane: null,
  ...more,
});
const cameTo = (workPackageId: string, to: Lane): ImportedEvent => ({
  type: "HistoricTransitionRecorded",
  workPackageId,
  from: "planned",
  to,
  at: "2026-01-01T00:00:00Z",
  by: "elsewhere",
  forced: true,
  sourceEventId: `01${workPackageId}`,
});

/** A mission `old` whose history comes from elsewhere, where no rule of ours was kept. */
const imported = async (...history: readonly ImportedEvent[]): Promise<Session> => {
  const shell = await planned();
  const ledger = await openLedger({
    actor: "import",
    directory: path.join(shell.directory, ".mission-ledger"),
  });
  const old = ledger.engine.mission("old");
  const missionId = "01KAAAAAAAAAAAAAAAAAAAAAAA";
  await old.execute({
    type: "BeginImport",
    source: "elsewhere",
    slug: "old",
    title: "Old",
    missionId,
    dependencyMetAt: "approved",
    files: [],
  });
  await old.execute({ type: "ContinueImport", history });
  await old.execute({
    type: "CompleteImport",
    rows: 0,
    transitions: 0,
    annotations: 0,
    otherRows: 0,
    findings: {},
  });
  await ledger.close();
  return shell;
};

/** An import that ended as soon as it had begun. */
const interruptedImport = async (): Promise<Session> => {
  const shell = await planned();
  const folder = path.join(shell.directory, "001-a");
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, "status.events.jsonl"), `${specKittyRow}\n`);
  for (let last = 1; last < 50; last += 1) {
    await runLedger(["import", "spec-kitty", "001-a"], shell.io({ signal: abortsAtAsk(last) }));
    if ((await findingsOf(shell)).some(({ kind }) => kind === "import_incomplete")) return shell;
  }
  throw new Error("the import was never interrupted half way");
};

interface Finding {
  readonly kind: string;
  readonly mission: string;
  readonly workPackageId: string | null;
  readonly command: string | null;
}

const findingsOf = async (shell: Session): Promise<readonly Finding[]> =>
  (await shell.json("doctor")).data.findings;

/** Every kind that has a way out; two that only ask for a look say below why. */
const states: Readonly<Record<string, Stuck>> = {
  "claimed, and the lease is over": leaseOver("claimed", "planned"),
  "in progress, and the lease is over": leaseOver("in_progress", "planned"),
  "in review, and the reviewer's lease is over": leaseOver("in_review", "for_review"),
  "claimed, and the program that holds it is gone": programGone("claimed", "planned"),
  "in progress, and the program that holds it is gone": programGone("in_progress", "planned"),
  "in review, and the reviewer's program is gone": programGone("in_review", "for_review"),
  "claimed, and its worktree was removed": worktreeGone((shell) => {
    git(shell.directory, "worktree", "remove", "lane-a");
  }),
  "claimed, and the folder of its worktree was deleted": worktreeGone((shell) => {
    fs.rmSync(path.join(shell.directory, "lane-a"), { recursive: true });
  }),
  "claimed under a lease that a wrong clock wrote": {
    kind: "lease_without_end",
    arrange: async () => {
      const shell = await planned();
      const ahead = shell.io({ clock: { now: () => Date.parse("2099-01-01T00:00:00Z") } });
      expect(await runLedger(["wp", "claim", "p/WP01"], ahead)).toBe(0);
      return shell;
    },
    becomes: { lane: "planned" },
  },
  "claimed, and held by nobody after it was unblocked": unheld("claimed"),
  "in progress, and held by nobody after it was unblocked": unheld("in_progress"),
  "in review, and held by nobody after it was unblocked": unheld("in_review"),
  "in progress and held by nobody, in an execution lane that another one has": {
    kind: "unheld_work",
    ref: "old/WP02",
    arrange: () =>
      imported(
        plan("WP01", { executionLane: "lane-a" }),
        plan("WP02", { executionLane: "lane-a" }),
        cameTo("WP01", "in_progress"),
        cameTo("WP02", "in_progress"),
      ),
    becomes: { lane: "planned" },
    waits: true,
  },
  "blocked from claimed": blockedFrom("claimed"),
  "blocked from in progress": blockedFrom("in_progress"),
  "blocked from for review": blockedFrom("for_review"),
  "blocked from in review": blockedFrom("in_review"),
  "blocked from approved": blockedFrom("approved"),
  "blocked from planned": {
    kind: "blocked",
    arrange: async () => {
      const shell = await planned();
      await run(shell, "wp", "move", "p/WP01", "blocked", ...reason);
      return shell;
    },
    becomes: { lane: "planned" },
  },
  "blocked from in progress, and its execution lane is taken by now": {
    kind: "blocked",
    ref: "p/WP04",
    arrange: async () => {
      const shell = await planned();
      for (const id of ["WP04", "WP05"])
        await run(shell, "wp", "add", "p", id, "--id", id, "--execution-lane", "lane-a");
      await implementing(shell, "WP04");
      await run(shell, "wp", "move", "p/WP04", "blocked", ...reason);
      await run(shell, "wp", "claim", "p/WP05");
      return shell;
    },
    becomes: { lane: "planned" },
    waits: true,
  },
  "blocked by force from where no way leads back": {
    kind: "blocked",
    arrange: async () => {
      const shell = await planned();
      await run(shell, "wp", "force", "p/WP01", "done", ...reason);
      await run(shell, "wp", "force", "p/WP01", "blocked", ...reason);
      return shell;
    },
    becomes: { lane: "planned" },
  },
  "approved by force, which leads no further": {
    kind: "approved_without_review",
    arrange: async () => {
      const shell = await planned();
      await run(shell, "wp", "force", "p/WP01", "approved", ...reason);
      return shell;
    },
    becomes: { lane: "planned" },
  },
  "approved, though its newest review requests changes": {
    kind: "verdict_contradicts_lane",
    arrange: async () => {
      const shell = await planned();
      await reviewing(shell);
      await run(shell, "review", "submit", "p/WP01", "--as", "reviewer", "--verdict", "changes_requested");
      await run(shell, "wp", "force", "p/WP01", "approved", ...reason);
      return shell;
    },
    becomes: { lane: "planned" },
  },
  "approved, though its newest review file requests changes": {
    kind: "review_file_contradicts_lane",
    ref: "old/WP01",
    arrange: () =>
      imported(plan("WP01"), cameTo("WP01", "approved"), {
        type: "HistoricReviewRecorded",
        workPackageId: "WP01",
        file: "tasks/WP01/review-cycle-1.md",
        sha256: "a".repeat(64),
        cycle: 1,
        verdict: "changes_requested",
      }),
    becomes: { lane: "planned" },
  },
  "planned behind a package that is canceled": {
    kind: "waits_for_canceled",
    ref: "p/WP02",
    arrange: async () => {
      const shell = await planned();
      await run(shell, "wp", "move", "p/WP01", "canceled", ...reason);
      return shell;
    },
    becomes: { lane: "planned" },
  },
  "planned behind packages that the mission does not have": {
    kind: "waits_for_unknown",
    ref: "old/WP01",
    arrange: () => imported(plan("WP01", { dependsOn: ["WP77", "WP88"] }), cameTo("WP01", "planned")),
    becomes: { lane: "planned" },
  },
  "planned behind a package that waits for it": {
    kind: "waits_for_itself",
    ref: "old/WP01",
    arrange: () =>
      imported(
        plan("WP01", { dependsOn: ["WP02"] }),
        plan("WP02", { dependsOn: ["WP03"] }),
        plan("WP03", { dependsOn: ["WP01"] }),
        ...["WP01", "WP02", "WP03"].map((id) => cameTo(id, "planned")),
      ),
    becomes: { lane: "planned" },
  },
  "imported, and never put in the plan": {
    kind: "unseeded",
    ref: "old/WP01",
    arrange: () => imported(plan("WP01")),
    becomes: { lane: "planned" },
  },
  "in a mission whose import was interrupted": {
    kind: "import_incomplete",
    ref: "001-a/WP01",
    arrange: interruptedImport,
    becomes: { lane: "claimed" },
    placeholder: (shell) => path.join(shell.directory, "001-a"),
  },
};

describe("a stuck package", () => {
  test.each(Object.entries(states))(
    "%s: is free or goes on after the one command that doctor prints",
    async (_, state) => {
      const { kind, ref = "p/WP01", becomes, placeholder, waits = false } = state;
      const shell = await state.arrange();
      const isIt = (finding: Finding): boolean =>
        finding.kind === kind &&
        (finding.workPackageId === null
          ? ref.startsWith(`${finding.mission}/`)
          : `${finding.mission}/${finding.workPackageId}` === ref);
      const found = (await findingsOf(shell)).filter(isIt);
      expect(found).toHaveLength(1);
      const said = found[0]?.command ?? "";
      const line = placeholder === undefined ? said : said.replace("<the same folder>", placeholder(shell));
      const [program, ...argv] = parseArgs(line);
      expect(program).toBe("mled");
      // An edge of the table, not a way round it; only a person can know that a clock was wrong.
      expect(argv[1] === "force").toBe(kind === "lease_without_end");
      expect(await shell.run(...argv, ...(argv[0] === "import" ? [] : ["--as", "helper"]))).toMatchObject({
        code: 0,
      });
      expect((await findingsOf(shell)).filter(isIt)).toEqual([]);
      const { data } = await shell.json("wp", "show", ref);
      expect({ lane: data.lane, holder: data.claim?.holder }).toEqual({ holder: undefined, ...becomes });
      if (waits || becomes.holder !== undefined || becomes.lane !== "planned") return;
      // Free: somebody else takes it up at once.
      expect(await shell.run("wp", "claim", ref, "--as", "next one")).toMatchObject({ code: 0 });
    },
  );

  test("is printed with its command by the board as well", async () => {
    const shell = await (states["claimed, and the program that holds it is gone"] as Stuck).arrange();
    const { data } = await shell.json("board", "p");
    expect(data.attention).toContainEqual(
      expect.objectContaining({
        kind: "process_gone",
        command: 'wp recover p/WP01 --reason "its program is gone"',
      }),
    );
  });
});

/** A kind that is missing here does not compile: it is stuck, and has to be freed above, or only asks for a look. */
const kinds: Readonly<Record<AttentionKind, "stuck" | "look">> = {
  lease_expired: "stuck",
  process_gone: "stuck",
  worktree_gone: "stuck",
  lease_without_end: "stuck",
  unheld_work: "stuck",
  unseeded: "stuck",
  blocked: "stuck",
  approved_without_review: "stuck",
  verdict_contradicts_lane: "stuck",
  review_file_contradicts_lane: "stuck",
  import_incomplete: "stuck",
  waits_for_canceled: "stuck",
  waits_for_unknown: "stuck",
  waits_for_itself: "stuck",
  // The package goes on; its history is worth reading.
  changes_requested_repeatedly: "look",
  forced: "look",
  hollow_review: "look",
};

describe("the list of stuck states", () => {
  test("holds every kind that attention knows, but for those that only ask for a look", () => {
    const listed = new Set(Object.values(states).map(({ kind }) => kind));
    const stuck = Object.entries(kinds).flatMap(([kind, what]) => (what === "stuck" ? [kind] : []));
    expect(stuck.filter((kind) => !listed.has(kind as AttentionKind))).toEqual([]);
    const seen: readonly SeenOfClaims[string][] = ["process_gone", "worktree_gone"];
    expect(seen.every((kind) => kinds[kind] === "stuck")).toBe(true);
  });

  test("holds every lane in which a package can wait for its holder", () => {
    const held = Object.keys(lanes).filter((lane) =>
      lanes[lane as Lane].exits.some(({ guards }) => guards.includes("holder")),
    );
    expect(held).toEqual(["claimed", "in_progress", "in_review"]);
  });
});
