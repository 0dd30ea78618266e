/** Looking at the past from the command line: `--at` for everything that shows a mission. */
import { describe, expect, test } from "vitest";
import { planned, type Session, session } from "./testing/session.ts";

const hour = 3_600_000;

/** WP01 claimed at 11:00 with a lease of one hour, in progress at 12:00; the clock stands at 15:00. */
const worked = async (): Promise<Session> => {
  const shell = await planned();
  shell.pass(hour);
  await shell.run("wp", "claim", "p/WP01", "--as", "ada", "--lease", "1h");
  shell.pass(hour);
  await shell.run("wp", "move", "p/WP01", "in_progress", "--as", "ada");
  shell.pass(3 * hour);
  return shell;
};

describe("--at", () => {
  test("shows every view as it was after a revision", async () => {
    const shell = await worked();
    const board = await shell.json("board", "p", "--at", "8");
    expect(board.data).toMatchObject({
      revision: 8,
      at: { asked: "8", revision: 8, recordedAt: "2026-03-01T11:00:00.000Z", isEnd: false, outOfOrder: 0 },
    });
    expect(board.data.columns[1].cards).toMatchObject([
      { workPackageId: "WP01", lane: "claimed", holder: "ada" },
    ]);
    expect((await shell.json("wp", "show", "p/WP01", "--at", "6")).data).toMatchObject({
      lane: "planned",
      claim: null,
      at: { revision: 6 },
    });
    expect((await shell.json("wp", "list", "p", "--at", "8")).data.workPackages[0]).toMatchObject({
      ref: "p/WP01",
      lane: "claimed",
    });
    expect((await shell.json("mission", "show", "p", "--at", "2")).data).toMatchObject({
      workPackages: 1,
      at: { revision: 2 },
    });
    expect((await shell.json("ready", "p", "--at", "6")).data.items).toMatchObject([
      { ref: "p/WP01", ready: true },
      { ref: "p/WP03", ready: true },
    ]);
    expect((await shell.json("ready", "p")).data.items).toMatchObject([{ ref: "p/WP03" }]);
    expect((await shell.json("next", "p", "--at", "6")).data.item).toMatchObject({ ref: "p/WP01" });
    const events = (await shell.json("log", "p", "--at", "3")).data.events;
    expect(events.map(({ revision }: { revision: number }) => revision)).toEqual([0, 1, 2, 3]);
  });

  test("takes a date, a minute, a time elsewhere and how long ago", async () => {
    const shell = await worked();
    const revisionAt = async (moment: string): Promise<number> =>
      (await shell.json("board", "p", "--at", moment)).data.revision;
    expect(await revisionAt("2026-03-01T11:00Z")).toBe(8);
    expect(await revisionAt("2026-03-01 11:00 UTC")).toBe(8);
    expect(await revisionAt("2026-03-01T10:59")).toBe(6);
    expect(await revisionAt("2026-03-01T13:30:00.5+02:00")).toBe(8);
    expect(await revisionAt("3h ago")).toBe(9);
    expect(await revisionAt("4h ago")).toBe(8);
    // A day is over when it ends, or now.
    expect(await revisionAt("2026-03-01")).toBe(9);
    shell.pass(48 * hour);
    expect(await revisionAt("2026-03-01")).toBe(9);
  });

  test("takes a position, at which all missions are shown at the same moment", async () => {
    const shell = await worked();
    const [first] = (await shell.json("log", "p", "--newest", "--limit", "1")).data.events;
    await shell.run("mission", "create", "q", "Later");
    await shell.run("wp", "add", "q", "Something");
    const then = await shell.json("mission", "list", "--at", first.position);
    expect(then.data).toMatchObject({ missions: [{ slug: "p" }], at: { position: first.position } });
    expect((await shell.json("mission", "list")).data.missions).toHaveLength(2);
    const listed = await shell.json("wp", "list", "--at", "2026-03-01T10:00Z");
    expect(listed.data.workPackages).toHaveLength(3);
    const events = (await shell.json("log", "--at", first.position, "--limit", "0")).data.events;
    expect(events).toHaveLength(10);
    expect((await shell.json("board", "p", "--at", first.position)).data.revision).toBe(9);
  });

  test("judges leases by the time then, and hands out no command for the past", async () => {
    const shell = await worked();
    const now = await shell.json("board", "p");
    expect(now.data.attention).toMatchObject([{ kind: "lease_expired" }]);
    expect(now.data.attention[0].command).toContain("wp recover");
    expect((await shell.json("board", "p", "--at", "8")).data.attention).toEqual([]);
    const late = await shell.json("board", "p", "--at", "2026-03-01T14:00Z");
    expect(late.data).toMatchObject({
      attention: [{ kind: "lease_expired", command: null }],
      at: { judgedAt: "2026-03-01T14:00:00.000Z", recordedAt: "2026-03-01T12:00:00.000Z" },
    });
    expect((await shell.run("board", "p", "--at", "8")).out).toMatch(
      /^as it was after revision 8, recorded 2026-03-01 11:00:00 UTC\n/,
    );
    expect((await shell.run("board", "p", "--at", "8")).out).toContain("ada, 1h left");
  });

  test("says so where a clock was ahead and a date hides what came after it", async () => {
    const shell = await worked();
    shell.pass(365 * 24 * hour);
    await shell.run("wp", "note", "p/WP01", "from next year");
    shell.pass(-365 * 24 * hour);
    await shell.run("wp", "note", "p/WP01", "from now");
    for (const argv of [["board", "p"], ["wp", "list"], ["ready"], ["log", "p"]]) {
      const then = await shell.json(...argv, "--at", "2026-03-01T15:00Z");
      expect(then.envelope.warnings.join()).toContain(
        "p: 1 event after revision 9, recorded with an earlier time, not shown",
      );
    }
    expect((await shell.json("board", "p", "--at", "2026-03-01T15:00Z")).data.revision).toBe(9);
  });

  test.each([
    [["board", "p", "--at", "99"], 2, "p ends at revision 9", undefined],
    [["board", "p", "--at", "2027-01-01"], 2, "lies in the future", "leave --at out"],
    [["ready", "--at", "2026-03-01T15:01Z"], 2, "lies in the future", "leave --at out"],
    [["wp", "list", "--at", "9999999999999999"], 2, "is not a position in this log", "It ends at"],
    [
      ["board", "p", "--at", "2026-02-28"],
      3,
      "there was no mission p at 2026-02-28",
      "It began with revision 0",
    ],
    [["board", "q", "--at", "0"], 3, "there is no mission q", undefined],
    [["ready", "--at", "6"], 2, "a revision belongs to one mission", "Name the mission"],
    [["board", "p", "--at", "2026-02-30"], 2, "is not a moment", undefined],
    [["board", "p", "--at", "yesterday"], 2, "is not a moment", undefined],
    [["board", "p", "--at", "-1"], 2, "", undefined],
    [["next", "--claim", "--at", "6"], 2, "do not go together", "Nothing is written into the past"],
    [["wp", "claim", "p/WP01", "--at", "6"], 2, "--at", undefined],
    [["wp", "show", "p/WP09", "--at", "6"], 3, "there is no work package p/WP09", undefined],
  ] as const)("%j ends with %i and says what is wrong", async (argv, code, message, hint) => {
    const shell = await worked();
    const ran = await shell.run(...argv);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(message);
    if (hint !== undefined) expect(ran.err).toContain(hint);
    expect(ran.out).toBe("");
  });

  test("finds nothing to show in a list before anything began, and that is no failure", async () => {
    const shell = await worked();
    expect((await shell.json("mission", "list", "--at", "2026-02-01")).data.missions).toEqual([]);
    expect((await shell.json("ready", "--at", "2026-02-01")).data.items).toEqual([]);
    expect((await shell.run("ready", "--at", "2026-02-01", "--fail-empty")).code).toBe(9);
  });

  test("is taken as data by programs too", async () => {
    const { parseMoment } = await import("./command/moment.ts");
    expect(parseMoment(6)).toEqual({ asked: "6", is: { revision: 6 } });
    expect(parseMoment({ position: "0000000000000003:x:000" })?.is).toEqual({
      position: "0000000000000003:x:000",
    });
    expect(parseMoment({ date: "2026-11-20T14:00Z" })?.is).toEqual({ date: "2026-11-20T14:00:00.000Z" });
    expect(parseMoment({ revision: 2 })?.is).toEqual({ revision: 2 });
    expect(parseMoment("position:abc")?.is).toEqual({ position: "abc" });
    for (const wrong of [-1, 1.5, {}, null, [], "", "6.5", "2h", "x ago", { date: 5 }, "2026-13-01"])
      expect(parseMoment(wrong)).toBeUndefined();
    expect((await session().run("schema", "board")).out).toContain('"position"');
  });
});
