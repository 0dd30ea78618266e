/** What changed, and which events made it so. */
import { describe, expect, test } from "vitest";
import { planned, type Session } from "./testing/session.ts";

const hour = 3_600_000;

/** Revision 6 is the plan; then WP01 is claimed (7, 8), moved (9), WP02 revised by a note (10), WP04 added (11, 12). */
const worked = async (): Promise<Session> => {
  const shell = await planned();
  shell.pass(hour);
  await shell.run("wp", "claim", "p/WP01", "--as", "ada");
  shell.pass(hour);
  await shell.run("wp", "move", "p/WP01", "in_progress", "--as", "ada");
  await shell.run("wp", "note", "p/WP02", "look here");
  await shell.run("wp", "add", "p", "One more", "--id", "WP04");
  return shell;
};

describe("diff", () => {
  test("shows by work package what changed, and is exact about it", async () => {
    const shell = await worked();
    const { data, code } = await shell.json("diff", "p", "6", "9");
    expect(code).toBe(0);
    expect(data).toMatchObject({
      mission: "p",
      events: 3,
      view: null,
      from: { revision: 6 },
      to: { revision: 9 },
    });
    const changed = data.changes.map(({ workPackageId, field }: { workPackageId: string; field: string }) => [
      workPackageId,
      field,
    ]);
    expect(changed).toEqual([
      ["WP01", "lane"],
      ["WP01", "claim"],
      ["WP01", "fence"],
      ["WP01", "implementers.0"],
    ]);
    expect(data.changes[0]).toEqual({
      workPackageId: "WP01",
      kind: "changed",
      path: ["lane"],
      field: "lane",
      before: "planned",
      after: "in_progress",
    });
  });

  test("ends now where nobody says when, names packages that came, and goes backwards too", async () => {
    const shell = await worked();
    const now = await shell.run("diff", "p", "2026-03-01T11:00Z");
    expect(now.out).toMatch(/^p {3}revision 8 \(2026-03-01 11:00:00 UTC\) to 12 .* {3}4 events\n/);
    expect(now.out).toMatch(/WP01 +lane +claimed > in_progress\n/);
    expect(now.out).toMatch(/WP04 +added +One more\n/);
    expect((await shell.run("diff", "p", "12", "8")).out).toMatch(/WP04 +removed +One more\n/);
  });

  test("shows every place of any view, and says so when nothing differs", async () => {
    const shell = await worked();
    const board = await shell.json("diff", "p", "8", "9", "--view", "board");
    expect(board.data.changes.map(({ field }: { field: string }) => field)).toEqual([
      "cards.WP01.lane",
      "cards.WP01.since",
      "cards.WP01.lastEventId",
    ]);
    expect((await shell.run("diff", "p", "9", "10")).out).toContain("nothing differs");
    expect((await shell.run("diff", "p", "9", "10", "--fail-empty")).code).toBe(9);
  });

  test("prints a record a change, and columns for programs that read text", async () => {
    const shell = await worked();
    const lines = (await shell.run("diff", "p", "8", "9", "--jsonl")).out.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { type: "change", workPackageId: "WP01", field: "lane", before: "claimed", after: "in_progress" },
      { type: "end" },
    ]);
    expect((await shell.run("diff", "p", "8", "9", "--plain")).out).toBe(
      "WP01\tlane\tclaimed > in_progress\n",
    );
  });

  test.each([
    [["diff", "q", "1", "2"], 3, "there is no mission q"],
    [["diff", "p", "1", "99"], 2, "to: p ends at revision 12"],
    [["diff", "p", "then"], 2, 'from: "then" is not a moment'],
    [["diff", "p", "2026-01-01"], 3, "there was no mission p at 2026-01-01"],
    [["diff", "p"], 2, "missing required argument 'from'"],
    [["diff", "p", "1", "--view", "prototype"], 2, "is not one of state, board"],
  ] as const)("%j ends with %i", async (argv, code, message) => {
    const ran = await (await worked()).run(...argv);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(message);
  });
});

describe("explain", () => {
  test("lists the events that made a field what it is; the last one made it", async () => {
    const shell = await worked();
    const { data } = await shell.json("explain", "p/WP01", "lane");
    expect(data).toMatchObject({ about: "p/WP01", field: "lane", value: "in_progress" });
    const steps = data.changes.map(({ revision, before, after, actor }: Record<string, unknown>) => [
      revision,
      before,
      after,
      actor,
    ]);
    expect(steps).toEqual([
      [1, null, "genesis", "tester"],
      [2, "genesis", "planned", "tester"],
      [8, "planned", "claimed", "ada"],
      [9, "claimed", "in_progress", "ada"],
    ]);
    expect(data.madeBy).toEqual(data.changes[3]);
    expect(data.madeBy).toMatchObject({ event: "WorkPackageMoved", at: "2026-03-01T12:00:00.000Z" });
    const said = await shell.run("explain", "WP01", "lane");
    expect(said.out).toMatch(/^p\/WP01 {2}lane is in_progress\n/);
    expect(said.out).toMatch(/rev 9 +ada +claimed > in_progress +claimed > in_progress +[0-9a-f-]{36}\n$/);
  });

  test("goes into what a field holds, and takes the names that lists use", async () => {
    const shell = await worked();
    expect((await shell.json("explain", "p/WP01", "holder")).data).toMatchObject({
      field: "claim.holder",
      value: "ada",
      madeBy: { event: "WorkPackageClaimed", revision: 7, before: null, after: "ada" },
    });
    await shell.run("wp", "subtask", "p/WP03", "T2");
    expect((await shell.json("explain", "p/WP03", "subtasks.1.done")).data.madeBy).toMatchObject({
      event: "SubtaskMarked",
      before: false,
      after: true,
    });
    // What another package does can change a field of this one.
    expect((await shell.json("explain", "p/WP02", "waitsFor")).data.value).toEqual(["WP01"]);
  });

  test("explains a mission's own fields, and any field at a moment", async () => {
    const shell = await worked();
    expect((await shell.json("explain", "p", "lanes.planned")).data).toMatchObject({ value: 3 });
    expect((await shell.json("explain", "p", "title")).data.madeBy).toMatchObject({
      event: "MissionCreated",
    });
    const then = await shell.json("explain", "p/WP01", "lane", "--at", "8");
    expect(then.data).toMatchObject({ value: "claimed", madeBy: { revision: 8 }, at: { revision: 8 } });
  });

  test("says of a field that no event touched that it was so from the start", async () => {
    const shell = await worked();
    expect((await shell.json("explain", "p/WP02", "claim")).data).toMatchObject({
      value: null,
      changes: [{}],
    });
    const lines = (await shell.run("explain", "p/WP01", "lane", "--jsonl")).out.trim().split("\n");
    expect(lines).toHaveLength(5);
  });

  test.each([
    [
      ["explain", "p/WP01", "lanes"],
      2,
      "p/WP01 has no field lanes",
      "Did you mean lane? Fields: id, title, lane,",
    ],
    [["explain", "p/WP01", "constructor"], 2, "has no field constructor", "Fields:"],
    [["explain", "p/WP01", "lane.length"], 2, "has no field lane.length", "Fields:"],
    [["explain", "p/WP01", "claim.holdr"], 2, "has no field claim.holdr", "Did you mean claim.holder?"],
    [["explain", "p", "lane"], 2, "p has no field lane", "Did you mean lanes?"],
    [["explain", "p/WP09", "lane"], 3, "there is no work package p/WP09", undefined],
    [["explain", "q/WP01", "lane"], 3, "there is no mission q", undefined],
    [["explain", "p/WP04", "lane", "--at", "9"], 3, "there is no work package p/WP04", undefined],
  ] as const)("%j ends with %i", async (argv, code, message, hint) => {
    const ran = await (await worked()).run(...argv);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(message);
    if (hint !== undefined) expect(ran.err).toContain(hint);
  });
});
