import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { LedgerError } from "@mission-ledger/core";
import { describe, expect, test } from "vitest";
import type { MissionLedger } from "../library/open-ledger.ts";
import { openLedger } from "../library/open-ledger.ts";
import { gitEnvironment } from "../testing/git.ts";
import { reviewSession } from "../testing/review-session.ts";

const requests = 100;
const clock = { now: () => Date.parse("2026-03-01T10:00:00.000Z") };

/** A repository that is called like every other one, with a mission and a package called like every other one. */
const repository = async (): Promise<{ readonly top: string; readonly ledger: MissionLedger }> => {
  const { top } = await reviewSession({ name: "shop", slug: "mission-passkeys" });
  return { top, ledger: await openLedger({ cwd: top, actor: "ada", clock }) };
};

describe("two repositories of one name, with one mission slug and one work-package id", () => {
  test(`request reviews in the same millisecond ${requests} times: all prompts are distinct, and each is good for its own request alone`, async () => {
    const [one, two] = await Promise.all([repository(), repository()]);
    try {
      const ask = ({ top, ledger }: typeof one) =>
        ledger
          .mission("mission-passkeys")
          .workPackage("WP01")
          .issueReviewPrompt({ worktree: top, base: "main", env: gitEnvironment });
      const asked = await Promise.all(
        Array.from({ length: requests }, () => Promise.all([ask(one), ask(two)])).flat(),
      );
      const issued = asked.flat();
      expect(issued).toHaveLength(2 * requests);
      for (const distinct of [
        issued.map(({ file }) => file),
        issued.map(({ promptId }) => promptId),
        issued.map(({ sha256 }) => sha256),
        issued.map(({ file }) => fs.readFileSync(file, "utf8")),
      ])
        expect(new Set(distinct).size).toBe(2 * requests);
      expect(new Set(issued.map(({ head }) => head.createdAt))).toEqual(
        new Set(["2026-03-01T10:00:00.000Z"]),
      );
      expect(new Set(issued.map(({ head }) => head.repository.name))).toEqual(new Set(["shop"]));

      const check = ({ top, ledger }: typeof one, file: string) =>
        ledger.checkReviewPrompt(file, {
          cwd: top,
          for: "mission-passkeys/WP01",
          worktree: top,
          env: gitEnvironment,
        });
      const codeOf = (checked: Promise<unknown>): Promise<unknown> =>
        checked.then(
          () => "ok",
          (error: unknown) => (LedgerError.is(error) ? error.code : error),
        );
      const answers = await inTurns(asked, async ([ofOne, ofTwo]) => [
        await codeOf(check(one, ofOne.file)),
        await codeOf(check(two, ofTwo.file)),
        await codeOf(check(one, ofTwo.file)),
        await codeOf(check(two, ofOne.file)),
      ]);
      expect(answers).toEqual(
        Array.from({ length: requests }, () => ["ok", "ok", "PROMPT_MISMATCH", "PROMPT_MISMATCH"]),
      );

      // Each in the place of each other one: same name, same package, valid in itself.
      const places = issued.map(({ file }) => file);
      const contents = places.map((file) => fs.readFileSync(file));
      for (const [at, file] of places.entries())
        fs.writeFileSync(file, contents[(at + 1) % contents.length] as Buffer);
      const swapped = await inTurns(asked, async ([ofOne, ofTwo]) => [
        await codeOf(check(one, ofOne.file)),
        await codeOf(check(two, ofTwo.file)),
      ]);
      expect(new Set(swapped.flat())).toEqual(new Set(["PROMPT_MISMATCH"]));
    } finally {
      await Promise.all([one.ledger.close(), two.ledger.close()]);
    }
  });

  test("with one ledger for both, a prompt names the repository that it is for, and is refused in the other", async () => {
    const one = await reviewSession({ name: "shop" });
    const two = await reviewSession({ name: "shop" });
    const at = ["--ledger", path.join(one.top, ".git/mission-ledger")] as const;
    const ask = ["review", "prompt", "passkeys/WP01", "--base", "main"] as const;
    const [ofOne, ofTwo] = [await one.json(...ask, ...at), await two.json(...ask, ...at)];
    expect(ofOne.data.repository.name).toBe(ofTwo.data.repository.name);
    expect(ofOne.data.repository.id).not.toBe(ofTwo.data.repository.id);
    for (const [shell, { data }, code] of [
      [one, ofOne, 0],
      [two, ofTwo, 0],
      [one, ofTwo, 27],
      [two, ofOne, 27],
    ] as const)
      expect((await shell.json("review", "check", data.file, ...at)).code).toBe(code);
  });
});

/** A few at a time, so that a hundred times a dozen programs do not stand in each other's way. */
const inTurns = async <A, B>(items: readonly A[], work: (item: A) => Promise<B>): Promise<readonly B[]> => {
  const answers: B[] = [];
  for (let at = 0; at < items.length; at += 8)
    answers.push(...(await Promise.all(items.slice(at, at + 8).map(work))));
  return answers;
};

test("the diff that a prompt shows is that of its own repository", async () => {
  const [one, two] = [await reviewSession({ name: "shop" }), await reviewSession({ name: "shop" })];
  two.commit({ "src/login.ts": "export const login = 'two';\n" });
  const shown = await Promise.all(
    [one, two].map(async (shell) => {
      const { file } = (await shell.json("review", "prompt", "passkeys/WP01", "--base", "main")).data;
      const command = fs
        .readFileSync(file, "utf8")
        .split("\n")
        .find((line) => line.startsWith("    git ")) as string;
      return execFileSync("sh", ["-c", command], { cwd: "/", env: gitEnvironment, encoding: "utf8" });
    }),
  );
  expect(shown[0]).toContain("+export const login = 1;");
  expect(shown[1]).toContain("+export const login = 'two';");
});
