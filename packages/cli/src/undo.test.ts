/** Undo from the command line. */
import { describe, expect, test } from "vitest";
import { stepsIn } from "./testing/printed-steps.ts";
import { planned, type Session } from "./testing/session.ts";

const claimed = async (): Promise<Session> => {
  const shell = await planned();
  await shell.run("wp", "claim", "p/WP01", "--as", "ada");
  return shell;
};

describe("undo", () => {
  test("takes back what one did, by revision or id, and proves it", async () => {
    const shell = await claimed();
    const undone = await shell.json("undo", "p/WP01", "8", "--reason", "wrong one", "--as", "ada");
    expect(undone).toMatchObject({
      code: 0,
      data: {
        about: "p/WP01",
        lane: "planned",
        holder: null,
        readback: "verified",
        events: ["ClaimReleased", "WorkPackageMoved", "WorkPackageReverted"],
      },
    });
    const [moved] = (await shell.json("log", "p/WP01", "--at", "8", "--newest", "--limit", "1")).data.events;
    expect(undone.data.undoes).toBe(moved.eventId);
    const again = await shell.run("undo", "p", moved.eventId, "--reason", "wrong one", "--as", "ada");
    expect(again).toMatchObject({ code: 0 });
    expect(again.out).toContain("was undone already; nothing to do");
    expect((await shell.run("log", "p/WP01", "--newest", "--limit", "1")).out).toContain(
      `undone: event ${moved.eventId.slice(0, 8)}: wrong one`,
    );
    expect((await shell.run("verify")).code).toBe(0);
    expect((await shell.run("rebuild", "--dry-run")).code).toBe(0);
    expect((await shell.json("explain", "p/WP01", "lane")).data.madeBy).toMatchObject({
      before: "claimed",
      after: "planned",
      actor: "ada",
    });
  });

  test("says what it would do, does it once under one request id, and says what it did", async () => {
    const shell = await claimed();
    const look = await shell.run("undo", "WP01", "8", "--reason", "r", "--as", "ada", "--dry-run");
    expect(look.out).toMatch(
      /^would have undone 8 of p\/WP01 {3}now planned\n {2}would write ClaimReleased\n/,
    );
    const argv = ["undo", "WP01", "8", "--reason", "r", "--as", "ada", "--request-id", "u1"];
    const done = await shell.run(...argv);
    expect(done.out).toMatch(/^undone 8 of p\/WP01 {3}now planned +rev 11 {2}read back\n$/);
    await shell.run("wp", "note", "p/WP01", "meanwhile");
    expect((await shell.run(...argv)).out).toMatch(/rev 11 .*done before under this request id/);
  });

  test("never guesses: without an event it lists what one did last, each with the words that undo it", async () => {
    const shell = await claimed();
    await shell.run("wp", "move", "p/WP01", "in_progress", "--as", "ada");
    const ran = await shell.run("undo", "p/WP01", "--reason", "r", "--as", "ada");
    expect(ran).toMatchObject({ code: 4, out: "" });
    expect(ran.err).toContain("INPUT_REQUIRED: which event is to be undone?");
    expect(ran.err).toContain("claimed > in_progress: mled undo p/WP01 9 --reason r");
    expect(ran.err).toContain("mled undo p/WP01 8 --reason r");
    const nothing = await shell.run("undo", "p/WP02", "--reason", "r", "--as", "zoe");
    expect(nothing.err).toContain("zoe did nothing there");
  });

  test("lists nothing that is undone already, each of the rest on a line of its own", async () => {
    const shell = await claimed();
    await shell.run("wp", "move", "p/WP01", "in_progress", "--as", "ada");
    const undo = ["undo", "p/WP01", "--reason", "r", "--as", "ada"];
    const revisions = async () =>
      [...(await shell.run(...undo)).err.matchAll(/^ {2}\S.*: mled undo p\/WP01 (\d+) --reason r$/gm)].map(
        ([, revision]) => Number(revision),
      );
    expect(await revisions()).toEqual([9, 8]);
    await shell.run("undo", "p/WP01", "9", "--reason", "r", "--as", "ada");
    expect(await revisions()).toEqual([11, 8]);
    await shell.run("undo", "p/WP01", "11", "--reason", "r", "--as", "ada");
    expect(await revisions()).toEqual([13, 9, 8]);
  });

  test("lists nothing that is never undone, and one line for each of the rest", async () => {
    const shell = await claimed();
    await shell.run("wp", "note", "p/WP01", "said", "--as", "ada");
    await shell.run("wp", "move", "p/WP01", "blocked", "--as", "ada", "--reason", "why\nmled wp force x");
    const { err } = await shell.run("undo", "p/WP01", "--reason", "r", "--as", "ada");
    expect(err).not.toContain("note: said");
    expect(err).toContain("claimed > blocked: why\\nmled wp force x: mled undo p/WP01 11 --reason r");
    expect(err).not.toMatch(/^ *mled wp force x/m);
    await shell.run("wp", "note", "p/WP02", "said", "--as", "zoe");
    const only = await shell.run("undo", "p/WP02", "--reason", "r", "--as", "zoe");
    expect(only.err).toContain("zoe did nothing there that is ever undone");
  });

  test("names the event that stands in the way, and the next step", async () => {
    const shell = await claimed();
    await shell.run("wp", "move", "p/WP01", "in_progress", "--as", "ada");
    const ran = await shell.json("undo", "p/WP01", "8", "--reason", "r", "--as", "ada");
    expect(ran.code).toBe(6);
    expect(ran.envelope.error).toMatchObject({
      code: "CANNOT_UNDO",
      outcome: "not_written",
      hint: 'undo that first: mled undo p/WP01 9 --reason "…"',
      details: {
        obstacle: "changed_since",
        inTheWay: { revision: 9, type: "WorkPackageMoved" },
        workPackageId: "WP01",
      },
    });
  });

  test("leads past what is never undone by the command that it prints", async () => {
    const shell = await claimed();
    await shell.run("wp", "move", "p/WP01", "in_progress", "--as", "ada");
    await shell.run("wp", "release", "p/WP01", "--reason", "not today", "--as", "ada");
    const { envelope } = await shell.json("undo", "p/WP01", "9", "--reason", "r", "--as", "ada");
    expect(envelope.error?.message).toContain("is never undone: a claim that has ended is not given back");
    const [step] = stepsIn(envelope.error?.hint);
    expect(step).toEqual(["wp", "force", "p/WP01", "claimed", "--reason", "…"]);
    expect((await shell.run(...(step ?? []), "--as", "ada")).code).toBe(0);
    expect((await shell.json("wp", "show", "p/WP01")).data.lane).toBe("claimed");
  });

  test("of a plan leads past another's revision by a revision of its own", async () => {
    const shell = await planned();
    await shell.run("wp", "revise", "p/WP02", "--title", "Wrong", "--not-after", "WP01", "--as", "ada");
    const at = (await shell.json("log", "p", "--newest", "--limit", "1")).data.events[0].revision;
    await shell.run("wp", "revise", "p/WP02", "--title", "Also wrong", "--as", "ben");
    const { envelope } = await shell.json("undo", "p/WP02", String(at), "--reason", "r", "--as", "ada");
    expect(envelope.error?.hint).toContain("Ask ben to undo that event first");
    const [step] = stepsIn(envelope.error?.hint);
    expect(step).toEqual(["wp", "revise", "p/WP02", "--title", "Verify token", "--after", "WP01"]);
    expect((await shell.run(...(step ?? []), "--as", "ada")).code).toBe(0);
    expect((await shell.json("wp", "show", "p/WP02")).data).toMatchObject({
      title: "Verify token",
      dependsOn: ["WP01"],
    });
  });

  test("of settings leads past another's settings by settings of its own", async () => {
    const shell = await planned();
    await shell.run("mission", "set", "p", "--title", "Wrong", "--target", "main", "--as", "ada");
    const at = (await shell.json("log", "p", "--newest", "--limit", "1")).data.events[0].revision;
    await shell.run("mission", "set", "p", "--title", "Also wrong", "--as", "ben");
    const { envelope } = await shell.json("undo", "p", String(at), "--reason", "r", "--as", "ada");
    const [step] = stepsIn(envelope.error?.hint);
    expect(step?.slice(0, 2)).toEqual(["mission", "set"]);
    const back = await shell.json(...(step ?? []), "--as", "ada");
    expect(back).toMatchObject({ code: 0, data: { title: "Passkeys", targetBranch: null } });
  });

  test.each([
    [["undo", "p/WP01", "8", "--reason", "r", "--as", "ben"], 6, "everybody undoes what they did themselves"],
    [["undo", "p/WP01", "99", "--reason", "r"], 3, "p has no event at revision 99"],
    [["undo", "p/WP02", "8", "--reason", "r", "--as", "ada"], 3, "is not about WP02"],
    [["undo", "p", "0", "--reason", "r"], 6, "what exists is never made not to have been"],
    [["undo", "q", "0", "--reason", "r"], 3, "there is no"],
    [["undo", "p/WP01", "8"], 2, "--reason"],
    [["undo", "p/WP01", "8", "--reason", "r", "--at", "6"], 2, "--at"],
  ] as const)("%j ends with %i", async (argv, code, message) => {
    const ran = await (await claimed()).run(...argv);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(message);
  });
});
