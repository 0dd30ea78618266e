import { describe, expect, test } from "vitest";
import { openLedger } from "./index.ts";
import { planned, scratch } from "./testing/session.ts";

describe("the target branch of a mission", () => {
  test("is named when it is created, changed later and taken away", async () => {
    const shell = await planned();
    const made = await shell.json("mission", "create", "q", "Quotas", "--target", "main");
    expect(made.data).toMatchObject({ mission: "q", targetBranch: "main", readback: "verified" });
    expect((await shell.run("mission", "show", "q")).out).toContain("target main");
    const set = await shell.json("mission", "set", "q", "--target", "release/3.2");
    expect(set.data).toMatchObject({
      targetBranch: "release/3.2",
      events: ["MissionSettingsChanged"],
      readback: "verified",
    });
    expect((await shell.json("mission", "show", "q")).data.targetBranch).toBe("release/3.2");
    expect((await shell.json("mission", "set", "q", "--clear-target")).data.targetBranch).toBeNull();
    expect((await shell.json("mission", "show", "q")).data.targetBranch).toBeNull();
  });

  test("set twice is written once", async () => {
    const shell = await planned();
    await shell.run("mission", "set", "p", "--target", "main");
    const again = await shell.run("mission", "set", "p", "--target", "main");
    expect(again).toMatchObject({ code: 0, err: "" });
    expect(again.out).toContain("p is set like that already");
  });

  test("leaves title and dependencies as they are, and each can be set alone", async () => {
    const shell = await planned();
    await shell.run("mission", "set", "p", "--target", "main");
    const { data } = await shell.json(
      "mission",
      "set",
      "p",
      "--title",
      "Keys",
      "--dependency-met-at",
      "done",
    );
    expect(data).toMatchObject({ title: "Keys", dependencyMetAt: "done", targetBranch: "main" });
  });

  test.each(["HEAD", "refs/heads/main", "-x", "a..b", "a b", "@{-1}", "main~1"])(
    "that no branch can be called (%s) is refused before anything is written",
    async (name) => {
      const shell = await planned();
      const refused = await shell.json("mission", "set", "p", `--target=${name}`);
      expect(refused.code).toBe(2);
      expect(refused.envelope.error).toMatchObject({ code: "USAGE", outcome: "not_written" });
      expect((await shell.json("mission", "show", "p")).data.targetBranch).toBeNull();
    },
  );

  test("nothing to set, two answers at once and a mission that is not there are said", async () => {
    const shell = await planned();
    expect((await shell.run("mission", "set", "p")).code).toBe(2);
    expect((await shell.run("mission", "set", "p", "--target", "main", "--clear-target")).code).toBe(2);
    expect((await shell.run("mission", "set", "nope", "--target", "main")).code).toBe(3);
  });

  test("is set by a program as well", async () => {
    await using ledger = await openLedger({ directory: scratch(), actor: "ada" });
    const mission = await ledger.createMission({ slug: "q", title: "Quotas", targetBranch: "main" });
    await mission.set({ targetBranch: null });
    const receipt = await mission.set({ targetBranch: "next" });
    expect(receipt.state).toMatchObject({ targetBranch: "next", title: "Quotas" });
  });
});
