import fs from "node:fs";
import path from "node:path";
import { describe, expect, inject, test } from "vitest";
import { runCommand } from "../cli.ts";
import { openLedger } from "../library/open-ledger.ts";
import { parseAddress } from "../store/address.ts";
import { reviewSession } from "../testing/review-session.ts";
import { ownUser } from "./own-user.ts";
import { pathOfPrompt, promptFolderOf } from "./prompt-folder.ts";

const name = `prompts-${ownUser()}`;
const at = (address: string, env = {}) =>
  promptFolderOf({ at: parseAddress(address, "store", "/work") }, env);

describe("prompts lie with the ledger, in a folder of their user, and never in a shared temporary one", () => {
  test("of files, of a database, of a server and of a host", () => {
    expect(at("file:plan")).toBe(`/work/plan/${name}`);
    expect(at("sqlite:plan.db")).toBe(`/work/plan.db-${name}`);
    const server = "esdb://ada:secret@127.0.0.1:2113?tls=false";
    const folder = at(server, { HOME: "/home/ada" });
    expect(folder).toMatch(/^\/home\/ada\/\.local\/state\/mission-ledger\/servers\/[^/]+\/prompts-\d+$/);
    expect(folder).not.toContain("secret");
    expect(at(server, { HOME: "/home/ada", XDG_STATE_HOME: "/state" })).toMatch(/^\/state\/mission-ledger\//);
    expect(at("esdb://127.0.0.1:2114?tls=false", { HOME: "/home/ada" })).not.toBe(folder);
    expect(promptFolderOf({ at: null }, { HOME: "/home/ada" })).toBe(
      `/home/ada/.local/state/mission-ledger/host/${name}`,
    );
  });

  test("and where nothing says whose home this is, that is told instead of a guess", () => {
    for (const env of [{}, { HOME: "relative" }])
      expect(() => promptFolderOf({ at: null }, env)).toThrow(
        expect.objectContaining({ code: "INPUT_REQUIRED" }),
      );
  });
});

test("another user's folder of prompts beside the ledger shuts nobody out, and is not looked into", async () => {
  const shell = await reviewSession();
  const theirs = path.join(shell.top, ".git/mission-ledger", `prompts-${(ownUser() ?? 0) + 1}`);
  fs.mkdirSync(theirs, { mode: 0o700 });
  const { data } = await shell.json("review", "prompt", "passkeys/WP01", "--base", "main");
  expect(data.file.startsWith(path.join(path.dirname(theirs), name))).toBe(true);
  const copied = data.file.replace(`/${name}/`, `/${path.basename(theirs)}/`);
  fs.cpSync(path.join(path.dirname(theirs), name), theirs, { recursive: true });
  expect((await shell.json("review", "check", copied)).envelope.error?.details).toMatchObject({
    differs: [{ field: "path", reason: "file" }],
  });
});

describe("a prompt's name", () => {
  const promptId = "3f0b8a52-93f5-4f2c-a5a0-1d5f3e0c9a11";

  test("is three names of files, whatever a mission is called", () => {
    for (const mission of ["passkeys", "mission-x", "../../etc", "Ärger", "a/b", ".", ""]) {
      const names = pathOfPrompt({ mission, workPackageId: "WP01", promptId });
      expect(names).toHaveLength(3);
      for (const one of names ?? []) expect(one).toMatch(/^[\w-][\w.-]*$/);
    }
  });

  test.each([
    ["..", promptId],
    ["WP01/..", promptId],
    ["", promptId],
    ["WP01", "../x"],
    ["WP01", promptId.toUpperCase()],
  ])("is not made of %s and %s", (workPackageId, id) => {
    expect(pathOfPrompt({ mission: "m", workPackageId, promptId: id })).toBeUndefined();
  });
});

test.skipIf(!inject("sqlite"))(
  "a ledger in a database has prompts that are checked like any other",
  async () => {
    const shell = await reviewSession();
    const database = ["--store", "sqlite:../plan.db"] as const;
    await shell.run("copy", "file:.git/mission-ledger", "sqlite:../plan.db");
    const issued = await shell.json("review", "prompt", "passkeys/WP01", "--base", "main", ...database);
    expect(issued.data.file).toBe(
      path.join(path.dirname(shell.top), `plan.db-${name}`, "passkeys/WP01", `${issued.data.promptId}.md`),
    );
    expect(await shell.run("review", "check", issued.data.file, ...database)).toMatchObject({ code: 0 });
    // The same missions, another ledger: it issued no such prompt.
    expect(await shell.run("review", "check", issued.data.file)).toMatchObject({ code: 27 });
  },
);

test("a ledger of a host's has prompts that are checked like any other", async () => {
  const shell = await reviewSession();
  const ledger = await openLedger({ cwd: shell.top, actor: "ada" });
  const host = {
    ledger: () => ledger,
    cwd: shell.top,
    env: { ...shell.io().env, XDG_STATE_HOME: path.join(shell.directory, "state") },
  };
  const asked = await runCommand("review.prompt", { ref: "passkeys/WP01", base: "main" }, host);
  const { file } = asked.envelope.data as { readonly file: string };
  expect(file.startsWith(path.join(shell.directory, "state"))).toBe(true);
  expect(await runCommand("review.check", { file }, host)).toMatchObject({ exit: 0 });
  await ledger.close();
});
