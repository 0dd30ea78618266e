import { describe, expect, test } from "vitest";
import { approve, clone } from "../testing/clones.ts";
import { reviewSession } from "../testing/review-session.ts";

describe("a work package is shown", () => {
  test("with the prompts of its newest review, as of then with --at", async () => {
    const shell = await reviewSession();
    await shell.run("review", "prompt", "passkeys/WP01", "--base", "main");
    const second = (await shell.json("review", "prompt", "passkeys/WP01", "--base", "main")).data;
    const { data } = await shell.json("wp", "show", "passkeys/WP01");
    expect(data.prompts).toHaveLength(2);
    expect(data.prompts[1]).toMatchObject({
      promptId: second.promptId,
      base: second.base,
      head: second.head,
      sha256: second.sha256,
    });
    const { out } = await shell.run("wp", "show", "passkeys/WP01");
    expect(out).toContain(
      `review prompts  2, the newest ${second.promptId.slice(0, 8)} for ${second.base.slice(0, 7)}..${second.head.slice(0, 7)}`,
    );
    expect((await shell.json("wp", "show", "passkeys/WP01", "--at", "3")).data.prompts).toEqual([]);
  });

  test("with its workplace after the claim is over", async () => {
    const { shell, git } = await clone();
    const began = git("rev-parse", "--short=7", "HEAD");
    await shell.run("wp", "claim", "p/WP01", "--as", "ada");
    const line = `here, branch main, from ${began}`;
    expect((await shell.run("wp", "show", "p/WP01")).out).not.toContain(line);
    await shell.run("wp", "release", "p/WP01", "--as", "ada");
    expect((await shell.run("wp", "show", "p/WP01")).out).toContain(`implemented in  ${line}`);
  });

  test("with the cycle of its verdict", async () => {
    const at = await clone();
    await approve(at);
    expect((await at.shell.run("wp", "show", "p/WP01")).out).toMatch(
      /^verdict {9}approved by \S+ in cycle 1$/m,
    );
  });

  test("with the override of a rejection that stands, and how often it was forced", async () => {
    const { shell } = await clone();
    for (const line of [
      ["wp", "claim", "p/WP01", "--as", "ada"],
      ["wp", "move", "p/WP01", "in_progress", "--as", "ada"],
      ["wp", "move", "p/WP01", "for_review", "--as", "ada", "--evidence", "note=done"],
      ["review", "start", "p/WP01", "--as", "bob"],
      ["review", "submit", "p/WP01", "--as", "bob", "--verdict", "changes_requested", "--notes", "no tests"],
      ["wp", "force", "p/WP01", "done", "--reason", "late"],
      ["override", "p/WP01", "--reason", "seen with Bob", "--as", "carol"],
    ])
      expect([line, (await shell.run(...line)).code]).toEqual([line, 0]);
    const { out } = await shell.run("wp", "show", "p/WP01");
    expect(out).toContain("verdict         changes_requested by bob in cycle 1");
    expect(out).toContain("overridden by   carol, of cycle 1: seen with Bob");
    expect(out).toMatch(/^forced {10}1 time$/m);
  });
});
