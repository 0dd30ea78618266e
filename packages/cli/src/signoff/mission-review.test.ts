import { rmSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { openLedger } from "../index.ts";
import { approve, type Clone, clone, forceTo } from "../testing/clones.ts";
import {
  type MadeMission,
  makeSpecKittyMission,
  reviewName,
  writeReview,
} from "../testing/spec-kitty-mission.ts";

const file = `tasks/WP01-mast/${reviewName(1)}`;

interface Imported {
  readonly at: Clone;
  readonly folder: string;
}

const imported = async (made: MadeMission): Promise<Imported> => {
  const at = await clone();
  const folder = makeSpecKittyMission(at.folder, made);
  const { code, err } = await at.shell.run("import", "spec-kitty", folder);
  if (code !== 0) throw new Error(err);
  return { at, folder };
};

/** Rejected by Bob, and put to done by force. */
const rejected = async (): Promise<Clone> => {
  const at = await clone();
  for (const line of [
    ["wp", "claim", "p/WP01", "--as", "ada"],
    ["wp", "move", "p/WP01", "in_progress", "--as", "ada"],
    ["wp", "move", "p/WP01", "for_review", "--as", "ada", "--evidence", "file=readme.md"],
    ["review", "start", "p/WP01", "--as", "bob"],
    ["review", "submit", "p/WP01", "--as", "bob", "--verdict", "changes_requested", "--notes", "no"],
  ])
    expect((await at.shell.run(...line)).code).toBe(0);
  await forceTo(at, "done");
  return at;
};

const review = ({ shell }: Pick<Clone, "shell">, mission = "p", ...more: readonly string[]) =>
  shell.json("mission", "review", mission, ...more);

/** Runs every command that the report prints, one after the other. */
const resolve = async (at: Clone, data: { packages: { contradictions: { command: string | null }[] }[] }) => {
  const commands = data.packages.flatMap(({ contradictions }) =>
    contradictions.map(({ command }) => command),
  );
  for (const command of commands) {
    if (command === null) continue;
    const ran = await at.type(command);
    expect(ran.code, `${command}: ${ran.err}`).toBe(0);
  }
  return commands.length;
};

describe("mission review", () => {
  test("passes where every approved package was reviewed by somebody else", async () => {
    const at = await clone();
    await approve(at);
    const { code, data } = await review(at);
    expect(code).toBe(0);
    expect(data).toMatchObject({
      mission: "p",
      ok: true,
      packages: [
        { workPackageId: "WP01", lane: "approved", verdict: "consistent", restsOn: "review", hollow: null },
      ],
      others: [],
    });
    expect((await at.shell.run("mission", "review", "p")).out).toContain("no review contradicts it");
  });

  test("says so where nothing is approved yet, and passes", async () => {
    const at = await clone();
    const { code, data } = await review(at);
    expect(code).toBe(0);
    expect(data).toMatchObject({ ok: true, packages: [], others: [{ workPackageId: "WP01" }] });
  });

  const cases: readonly (readonly [
    kind: string,
    made: () => Promise<readonly [Clone, string]>,
    about: object,
  ])[] = [
    ["verdict_rejects", async () => [await rejected(), "p"], { cycle: 1, file: null, source: "verdict" }],
    [
      "no_review",
      async () => {
        const at = await clone();
        await forceTo(at, "done");
        return [at, "p"];
      },
      { cycle: null, file: null, source: "verdict" },
    ],
    ...(
      [
        ["artifact_rejects", "verdict: rejected"],
        ["artifact_without_verdict", "verdict: perhaps"],
        ["artifact_unreadable", "# Approved\n"],
        ["artifact_unreadable", "---\nverdict: approved\n---\n<<<<<<< ours\n=======\n>>>>>>> theirs\n"],
      ] as const
    ).map(
      ([kind, content]) =>
        [
          kind,
          async (): Promise<readonly [Clone, string]> => [
            (await imported({ verdict: "approved", reviews: { [reviewName(1)]: content } })).at,
            "raft",
          ],
          { cycle: 1, file, source: "artifact" },
        ] as const,
    ),
  ];

  test.each(cases)(
    "%s blocks, names all it knows, and the command it prints resolves it",
    async (kind, made, about) => {
      const [at, mission] = await made();
      const before = (await at.shell.json("log", mission)).data.events.length;
      const { code, envelope, data } = await review(at, mission);
      expect(code).toBe(26);
      expect(envelope.error).toMatchObject({
        code: "REVIEW_CONTRADICTED",
        details: {
          mission,
          workPackageId: "WP01",
          lane: "done",
          kind,
          invariant: "what is approved or done is not rejected by its newest review",
        },
      });
      expect(data.packages).toMatchObject([
        {
          workPackageId: "WP01",
          lane: "done",
          verdict: kind,
          restsOn: null,
          contradictions: [{ kind, ...about }],
        },
      ]);
      const text = await at.shell.run("mission", "review", mission);
      expect(text.code).toBe(26);
      expect(text.out).toContain(`${mission}/WP01 is done, and`);
      expect(text.out).toContain(data.packages[0].contradictions[0].command);
      expect(text.err).toContain("REVIEW_CONTRADICTED");
      expect((await at.shell.json("log", mission)).data.events).toHaveLength(before);

      expect(await resolve(at, data)).toBe(1);
      const after = await review(at, mission);
      expect(after.code).toBe(0);
      const told = (await at.shell.run("mission", "review", mission)).out;
      expect(told).toContain("answered for by tester: ");
      expect(told).toContain("1 package approved or done; 1 contradiction, answered for");
      expect(after.data.packages).toMatchObject([
        {
          verdict: "overridden",
          restsOn: "override",
          contradictions: [{ override: { by: "tester" }, command: null }],
        },
      ]);
    },
  );

  test("an absent or damaged review file is told and blocks, and never passes for an approval", async () => {
    const { at, folder } = await imported({
      verdict: "approved",
      reviews: { [reviewName(1)]: "verdict: approved" },
    });
    expect((await review(at, "raft")).code).toBe(0);
    writeReview(folder, reviewName(2), "torn");
    const { code, data, envelope } = await review(at, "raft", "--artifacts", folder);
    expect(code).toBe(26);
    expect(data.packages).toMatchObject([{ verdict: "artifact_unreadable" }]);
    expect(envelope.warnings).toContainEqual(expect.stringContaining("review_file_unreadable"));
  });

  test("an approved package whose newest file says rejected blocks although its log has no verdict", async () => {
    const { at } = await imported({ to: "approved", reviews: { [reviewName(3)]: "verdict: rejected" } });
    const { code, data } = await review(at, "raft");
    expect(code).toBe(26);
    expect(data.packages).toMatchObject([
      {
        lane: "approved",
        verdict: "artifact_rejects",
        contradictions: [{ cycle: 3, file: `tasks/WP01-mast/${reviewName(3)}` }],
      },
    ]);
  });

  test("two rejections are answered for one by one, each by the command that is printed for it", async () => {
    const { at } = await imported({
      verdict: "changes_requested",
      reviews: { [reviewName(1)]: "verdict: rejected" },
    });
    const { data } = await review(at, "raft");
    expect(data.packages[0].contradictions).toHaveLength(2);
    const which = await at.shell.json("override", "raft/WP01", "--reason", "r");
    expect(which.code).toBe(4);
    expect(which.envelope.error?.hint).toContain("--of verdict");
    expect(await resolve(at, data)).toBe(2);
    expect((await review(at, "raft")).code).toBe(0);
  });

  test("an approval by who implemented it is told as hollow", async () => {
    const at = await clone();
    for (const line of [
      ["wp", "claim", "p/WP01", "--as", "ada"],
      ["wp", "move", "p/WP01", "in_progress", "--as", "ada"],
      ["wp", "move", "p/WP01", "for_review", "--as", "ada", "--evidence", "file=readme.md"],
      ["wp", "force", "p/WP01", "in_review", "--as", "ada", "--reason", "nobody else is here"],
      ["review", "submit", "p/WP01", "--as", "ada", "--verdict", "approved"],
    ])
      expect((await at.shell.run(...line)).code, line.join(" ")).toBe(0);
    const { code, data } = await review(at);
    expect(code).toBe(0);
    expect(data.packages).toMatchObject([
      { verdict: "consistent", restsOn: "review", hollow: { what: "review", by: "ada" } },
    ]);
    expect((await at.shell.run("mission", "review", "p")).out).toContain("HOLLOW: ada");
  });

  test("an override by who implemented it is told as hollow", async () => {
    const at = await clone();
    await at.shell.run("wp", "claim", "p/WP01", "--as", "ada");
    await forceTo(at, "done");
    await at.shell.run("override", "p/WP01", "--reason", "mine", "--as", "ada");
    expect((await review(at)).data.packages).toMatchObject([
      { verdict: "overridden", hollow: { what: "override", by: "ada" } },
    ]);
  });

  test("what is approved in the source alone passes and is told", async () => {
    const { at } = await imported({});
    const { code, data } = await review(at, "raft");
    expect(code).toBe(0);
    expect(data.packages).toMatchObject([{ verdict: "consistent", restsOn: "source" }]);
    expect((await at.shell.run("mission", "review", "raft")).out).toContain("approved in the source alone");
    const forced = await imported({ forced: true });
    expect((await review(forced.at, "raft")).data.packages).toMatchObject([{ verdict: "no_review" }]);
  });
});

test("half an imported history is neither reviewed nor shipped", async () => {
  const at = await clone();
  const ledger = await openLedger({ actor: "import", cwd: at.folder });
  await ledger.engine.mission("half").execute({
    type: "BeginImport",
    source: "elsewhere",
    slug: "half",
    title: "Half",
    missionId: "01J0000000000000000000HALF",
    dependencyMetAt: "approved",
    files: [],
  });
  await ledger.close();
  for (const line of [
    ["mission", "review", "half"],
    ["ship", "half", "--target", "main"],
  ])
    expect((await at.shell.json(...line)).envelope.error).toMatchObject({
      code: "IMPORT_INCOMPLETE",
      details: { mission: "half" },
    });
});

describe("review files as they are now", () => {
  const one = { [reviewName(1)]: "verdict: approved" };

  test("count when they changed after the import, and are answered for by their content", async () => {
    const { at, folder } = await imported({ reviews: one });
    writeReview(folder, reviewName(1), "verdict: rejected");
    expect((await review(at, "raft")).code).toBe(0);
    const now = await review(at, "raft", "--artifacts", folder);
    expect(now.code).toBe(26);
    expect(await resolve(at, now.data)).toBe(1);
    expect((await review(at, "raft", "--artifacts", folder)).code).toBe(0);
    expect((await review(at, "raft")).data.packages).toMatchObject([{ verdict: "overridden" }]);
    // Another change is another rejection.
    writeReview(folder, reviewName(1), "verdict: rejected\nreviewer_agent: beaver");
    expect((await review(at, "raft", "--artifacts", folder)).code).toBe(26);
  });

  test("clear an older rejection when a newer one approves", async () => {
    const { at, folder } = await imported({ reviews: { [reviewName(1)]: "verdict: rejected" } });
    writeReview(folder, reviewName(2), "verdict: approved");
    expect((await review(at, "raft", "--artifacts", folder)).code).toBe(0);
    expect((await review(at, "raft")).code).toBe(26);
  });

  test("do not come back to an older one when the newest is taken away", async () => {
    const reviews = { ...one, [reviewName(2)]: "verdict: rejected" };
    const { at, folder } = await imported({ reviews });
    rmSync(path.join(folder, "tasks", "WP01-mast", reviewName(2)));
    const { code, envelope } = await review(at, "raft", "--artifacts", folder);
    expect(code).toBe(26);
    expect(envelope.warnings).toContainEqual(expect.stringContaining("review_file_gone"));
  });

  test("of no known number that rejects is not passed over for an older one that approves", async () => {
    const { at, folder } = await imported({ reviews: one });
    for (const name of ["01a", "final"]) {
      writeReview(folder, reviewName(name), "verdict: rejected");
      const { code, envelope } = await review(at, "raft", "--artifacts", folder);
      expect([code, envelope.error?.details]).toMatchObject([26, { kind: "artifact_rejects" }]);
    }
  });

  test("gaps and names without a number are told", async () => {
    const { at, folder } = await imported({
      reviews: { [reviewName(3)]: "verdict: approved", [reviewName("final")]: "verdict: approved" },
    });
    const { code, envelope } = await review(at, "raft", "--artifacts", folder);
    expect(code).toBe(0);
    expect(envelope.warnings).toEqual([
      expect.stringContaining("review_file_misnamed"),
      expect.stringContaining("review_cycle_gap"),
    ]);
  });

  test("of a package that is not in the mission are told", async () => {
    const { at, folder } = await imported({ reviews: one });
    at.write({ "kitty-specs/raft/tasks/WP09-keel/review-cycle-1.md": "---\nverdict: rejected\n---\n" });
    const { code, envelope } = await review(at, "raft", "--artifacts", folder);
    expect(code).toBe(0);
    expect(envelope.warnings).toContainEqual(expect.stringContaining("WP09, which is not in the mission"));
  });

  test("are not looked for in a folder that has none, or is another mission's", async () => {
    const { at, folder } = await imported({ reviews: one });
    expect((await review(at, "raft", "--artifacts", at.folder)).envelope.error?.code).toBe("NOT_FOUND");
    const other = await imported({ reviews: one });
    at.write({
      "elsewhere/meta.json": '{"mission_id": "01J0000000000000000000BOAT"}',
      "elsewhere/tasks/x": "",
    });
    expect((await review(at, "raft", "--artifacts", "elsewhere")).envelope.error?.code).toBe("USAGE");
    expect((await review(other.at, "raft", "--artifacts", folder)).code).toBe(0);
  });

  test("that are folders, or lead nowhere, cannot be read and block", async () => {
    const { at, folder } = await imported({ reviews: one });
    at.write({ "kitty-specs/raft/tasks/WP01-mast/review-cycle-2.md/x": "" });
    const { code, data } = await review(at, "raft", "--artifacts", folder);
    expect(code).toBe(26);
    expect(data.packages).toMatchObject([{ verdict: "artifact_unreadable" }]);
  });
});

describe("override", () => {
  test("is refused where no rejection stands, and needs a reason", async () => {
    const at = await clone();
    await approve(at);
    const none = await at.shell.json("override", "p/WP01", "--reason", "r");
    expect(none).toMatchObject({
      code: 6,
      envelope: {
        error: {
          code: "GUARD_FAILED",
          outcome: "not_written",
          hint: expect.stringContaining("mled mission review p"),
        },
      },
    });
    expect((await (await rejected()).shell.run("override", "p/WP01")).code).not.toBe(0);
  });

  test("is proven, done once, and over when the package is reviewed again", async () => {
    const at = await rejected();
    const first = await at.shell.json("override", "p/WP01", "--reason", "seen", "--as", "ops");
    expect(first.data).toMatchObject({
      readback: "verified",
      rejection: { source: "verdict", cycle: 1 },
      kind: "verdict_rejects",
    });
    expect((await at.shell.json("override", "p/WP01", "--reason", "seen")).data.eventIds).toEqual([]);
    expect((await at.shell.run("wp", "force", "p/WP01", "planned", "--reason", "again")).code).toBe(0);
    await forceTo(at, "done");
    expect((await review(at)).code).toBe(26);
    expect((await at.shell.run("wp", "force", "p/WP01", "planned", "--reason", "again")).code).toBe(0);
    await approve(at);
    expect((await review(at)).data.packages).toMatchObject([{ verdict: "consistent", restsOn: "review" }]);
  });

  test("of what is not rejected by its file is no override of its verdict", async () => {
    const at = await rejected();
    const { envelope } = await at.shell.json("override", "p/WP01", "--of", "file", "--reason", "r");
    expect(envelope.error?.code).toBe("GUARD_FAILED");
    expect((await review(at)).code).toBe(26);
  });
});

describe("doctor", () => {
  test("names each contradiction with the command that answers for it", async () => {
    const { at } = await imported({ verdict: "changes_requested", reviews: { [reviewName(1)]: "torn" } });
    const found = async (): Promise<readonly { kind: string; command: string }[]> =>
      (await at.shell.json("doctor", "raft")).data.findings;
    const contradictions = await found();
    expect(contradictions.map(({ kind }) => kind)).toEqual([
      "verdict_contradicts_lane",
      "review_file_contradicts_lane",
    ]);
    for (const { command } of contradictions) expect((await at.type(command)).code).toBe(0);
    expect(await found()).toEqual([]);
  });
});
