import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type ReviewSession, reviewSession } from "../testing/review-session.ts";

const day = 24 * 3_600_000;

const issue = async (shell: ReviewSession, ref = "passkeys/WP01"): Promise<string> =>
  (await shell.json("review", "prompt", ref, "--base", "main")).data.file;

const prune = async (shell: ReviewSession, ...more: readonly string[]) => {
  const { code, data } = await shell.json("review", "prune", ...more);
  expect(code).toBe(0);
  return data as {
    readonly removed: readonly { readonly file: string }[];
    readonly kept: number;
    readonly left: readonly { readonly file: string; readonly problem: string }[];
  };
};

/** The disk's clock is not the session's. */
const writtenNow = (shell: ReviewSession, ...files: readonly string[]): void => {
  const seconds = (shell.io().clock?.now() ?? 0) / 1_000;
  for (const file of files) fs.lutimesSync(file, seconds, seconds);
};

const judge = async (shell: ReviewSession, verdict = "changes_requested"): Promise<void> => {
  await shell.run("review", "start", "passkeys/WP01", "--as", "bob", "--lease", "30d");
  await shell.run("review", "submit", "passkeys/WP01", "--as", "bob", "--verdict", verdict);
};

describe("old review prompts", () => {
  test("do not pile up: those of earlier cycles go after 30 days, and when the next one is asked for", async () => {
    const shell = await reviewSession();
    const first = await issue(shell);
    writtenNow(shell, first);
    await judge(shell);
    shell.pass(29 * day);
    expect(await prune(shell)).toMatchObject({ removed: [], kept: 1 });
    shell.pass(2 * day);
    expect((await prune(shell, "--dry-run")).removed).toMatchObject([{ file: first }]);
    expect(fs.existsSync(first)).toBe(true);
    await shell.handOver("passkeys/WP01", shell.commit({ "src/login.ts": "2\n" }));
    const next = await issue(shell);
    expect(fs.existsSync(first)).toBe(false);
    expect(fs.existsSync(next)).toBe(true);
    expect((await shell.run("log", "passkeys")).out.match(/review prompt .* issued/g)).toHaveLength(2);
  });

  test("stay as long as their work package is under review in their cycle, however old they are", async () => {
    const shell = await reviewSession();
    const file = await issue(shell);
    writtenNow(shell, file);
    shell.pass(400 * day);
    expect(await prune(shell, "--older-than", "1ms")).toMatchObject({ removed: [], kept: 1 });
    await shell.run("review", "start", "passkeys/WP01", "--as", "bob");
    expect(await prune(shell, "--older-than", "1ms")).toMatchObject({ removed: [], kept: 1 });
    expect(await shell.run("review", "check", file)).toMatchObject({ code: 0 });
    await judge(shell, "approved");
    expect((await prune(shell, "--older-than", "1ms")).removed).toMatchObject([{ file }]);
  });

  test("that no event names go when they are old: their writer died before they counted", async () => {
    const shell = await reviewSession();
    const file = await issue(shell);
    const orphan = path.join(path.dirname(file), "3f0b8a52-93f5-4f2c-a5a0-1d5f3e0c9a11.md");
    const foreign = path.join(
      path.dirname(path.dirname(path.dirname(file))),
      "gone",
      "WP01",
      path.basename(orphan),
    );
    fs.mkdirSync(path.dirname(foreign), { recursive: true, mode: 0o700 });
    for (const name of [orphan, foreign]) fs.writeFileSync(name, "x", { mode: 0o600 });
    writtenNow(shell, file, orphan, foreign);
    expect(await prune(shell)).toMatchObject({ removed: [], kept: 3 });
    shell.pass(31 * day);
    expect((await prune(shell)).removed.map((prompt) => prompt.file).sort()).toEqual(
      [foreign, orphan].sort(),
    );
  });

  test("are removed without following links, and what is no prompt is left and named", async () => {
    const shell = await reviewSession();
    const file = await issue(shell);
    const folder = path.dirname(file);
    const elsewhere = path.join(shell.directory, "elsewhere");
    const uuid = "3f0b8a52-93f5-4f2c-a5a0-1d5f3e0c9a1";
    fs.mkdirSync(path.join(elsewhere, "WP01"), { recursive: true });
    const precious = path.join(elsewhere, "WP01", `${uuid}1.md`);
    fs.writeFileSync(precious, "precious");
    const linked = path.join(folder, `${uuid}2.md`);
    fs.symlinkSync(precious, linked);
    const second = path.join(folder, `${uuid}3.md`);
    fs.linkSync(precious, second);
    const notes = path.join(folder, "notes.txt");
    fs.writeFileSync(notes, "notes");
    const linkedMission = path.join(path.dirname(path.dirname(folder)), "linked");
    fs.symlinkSync(elsewhere, linkedMission);
    const open = path.join(path.dirname(folder), "WP09");
    fs.mkdirSync(open);
    fs.chmodSync(open, 0o777);
    fs.writeFileSync(path.join(open, `${uuid}4.md`), "x");
    for (const name of [linked, second, notes]) writtenNow(shell, name);
    shell.pass(400 * day);
    const { removed, left } = await prune(shell);
    expect(removed).toEqual([]);
    expect(left.map((one) => one.file).sort()).toEqual([linked, linkedMission, notes, open, second].sort());
    expect(fs.readFileSync(precious, "utf8")).toBe("precious");
    expect(fs.existsSync(path.join(open, `${uuid}4.md`))).toBe(true);
  });

  test("of one mission alone are removed when it is named, and a name that is none is told", async () => {
    const shell = await reviewSession();
    const file = await issue(shell);
    writtenNow(shell, file);
    await judge(shell);
    await shell.run("mission", "create", "billing", "Billing");
    shell.pass(31 * day);
    expect(await prune(shell, "billing")).toMatchObject({ removed: [], kept: 0 });
    expect((await shell.json("review", "prune", "bilings")).envelope.error).toMatchObject({
      code: "NOT_FOUND",
      hint: "Did you mean billing?",
    });
    expect((await prune(shell, "passkeys")).removed).toHaveLength(1);
  });

  test("of a mission whose log is damaged are kept, and the damage is told", async () => {
    const shell = await reviewSession();
    const file = await issue(shell);
    writtenNow(shell, file);
    await judge(shell);
    shell.pass(31 * day);
    const log = path.join(shell.top, ".git/mission-ledger/log");
    const name = path.join(log, fs.readdirSync(log).find((one) => one.endsWith(".jsonl")) as string);
    fs.writeFileSync(name, fs.readFileSync(name, "utf8").replace("Login form", "Logout form"));
    fs.rmSync(path.join(shell.top, ".git/mission-ledger/cache"), { recursive: true, force: true });
    const { removed, left } = await prune(shell);
    expect(removed).toEqual([]);
    expect(left).toMatchObject([{ problem: expect.stringMatching(/LOG_|lacks events/) }]);
    expect(fs.existsSync(file)).toBe(true);
  });
});
