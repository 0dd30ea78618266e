/** A ledger's place that is a link to nothing: what is said names where it leads, and the step that is printed works. */
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { describe, expect, inject, test } from "vitest";
import { parseArgs } from "./testing/parse-args.ts";
import { type Session, session } from "./testing/session.ts";

const at = (shell: Session, ...names: readonly string[]): string => path.join(shell.directory, ...names);

/** Where the link called `name` leads: a folder that nobody made, in another one that nobody made. */
const linked = (shell: Session, name: string, target = at(shell, "disk", "gone")): string => {
  symlinkSync(target, at(shell, name));
  return target;
};

/** The one command that a hint holds, as it is typed. */
const commandIn = (hint: string | null | undefined): readonly string[] => {
  const [, words = ""] = /: mled (.*)$/.exec(hint ?? "") ?? [];
  return parseArgs(words);
};

describe("a link behind which nothing is", () => {
  test.each([
    ["the ledger's place", [], ".mission-ledger", ""],
    ["the folder that is named", ["--ledger", "here"], "here", ""],
    ["a folder above it", ["--ledger", "here/plan"], "here", "plan"],
  ])(
    "as %s is told by its target, and the printed step makes a ledger there",
    async (_, flags, name, below) => {
      const shell = session();
      const target = linked(shell, name);
      const { code, envelope } = await shell.json("board", ...flags);
      expect([code, envelope.error]).toMatchObject([
        3,
        { code: "LEDGER_NOT_FOUND", details: { link: at(shell, name), target } },
      ]);
      expect(envelope.error?.message).toContain(`is a link to ${target}, and nothing is there`);
      expect((await shell.run("where", ...flags)).out).toContain(target);
      const step = commandIn(envelope.error?.hint);
      expect(step).toEqual(["init", "--store", `file:${path.join(target, below)}`]);
      expect((await shell.run(...step)).code).toBe(0);
      expect((await shell.run("mission", "create", "p", "P", ...flags)).code).toBe(0);
      expect((await shell.run("verify", ...step.slice(1))).out).toContain("1 of 1 event digests equal");
    },
  );

  test("is never made a ledger itself, nor said to be one", async () => {
    const shell = session();
    mkdirSync(at(shell, "plan"));
    const target = linked(shell, "plan/log");
    linked(shell, "here");
    for (const name of ["plan", "here"]) {
      const { code, envelope } = await shell.json("init", "--ledger", name);
      expect([code, envelope.error?.code]).toEqual([2, "USAGE"]);
      expect(envelope.error?.message).toContain(`is a link to ${target}, and nothing is there`);
    }
    const { envelope } = await shell.json("board", "--ledger", "plan");
    expect(envelope.error?.hint).toMatch(/take the link away/);
    rmSync(at(shell, "plan/log"));
    expect((await shell.run(...commandIn(envelope.error?.hint))).code).toBe(0);
    expect((await shell.run("mission", "create", "p", "P", "--ledger", "plan")).code).toBe(0);
  });

  test("in a circle is to be taken away", async () => {
    const shell = session();
    symlinkSync("two", at(shell, "one"));
    symlinkSync("one", at(shell, "two"));
    const { code, envelope } = await shell.json("board", "--ledger", "one");
    expect([code, envelope.error?.code]).toEqual([3, "LEDGER_NOT_FOUND"]);
    expect(envelope.error?.message).toContain("one is a link that leads nowhere");
    rmSync(at(shell, "one"));
    expect((await shell.run(...commandIn(envelope.error?.hint))).code).toBe(0);
    expect((await shell.run("mission", "create", "p", "P", "--ledger", "one")).code).toBe(0);
  });

  test("is named by a copy whose source it is", async () => {
    const shell = session();
    const target = linked(shell, "here");
    const { code, envelope } = await shell.json("copy", "file:here", "file:there");
    expect(code).toBe(3);
    expect(envelope.error?.message).toContain(target);
  });

  test.skipIf(!inject("sqlite"))(
    "as a database leads to the file itself, which is used under its own name",
    async () => {
      const shell = session();
      const target = linked(shell, "plan.db", at(shell, "disk", "plan.db"));
      const { code, envelope } = await shell.json("board", "--store", "sqlite:plan.db");
      expect(code).toBe(3);
      const step = commandIn(envelope.error?.hint);
      expect(step).toEqual(["init", "--store", `sqlite:${target}`]);
      expect((await shell.run(...step)).code).toBe(0);
      expect((await shell.run("mission", "create", "p", "P", ...step.slice(1))).code).toBe(0);
      // Not even now that it leads somewhere.
      expect((await shell.json("board", "--store", "sqlite:plan.db")).envelope.error?.code).toBe(
        "UNSAFE_FILE",
      );
    },
  );

  test.skipIf(!inject("sqlite"))(
    "above a database is told by its target, and the printed step makes it",
    async () => {
      const shell = session();
      const target = linked(shell, "here");
      const flags = ["--store", "sqlite:here/plan.db"];
      const step = commandIn((await shell.json("board", ...flags)).envelope.error?.hint);
      expect(step).toEqual(["init", "--store", `sqlite:${path.join(target, "plan.db")}`]);
      expect((await shell.run(...step)).code).toBe(0);
      expect((await shell.run("mission", "create", "p", "P", ...flags)).code).toBe(0);
    },
  );
});
