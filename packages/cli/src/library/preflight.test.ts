import { expect, test } from "vitest";
import { openLedger } from "../index.ts";
import { approve, clone, cloneEnvironment } from "../testing/clones.ts";

test("a program looks before it merges, and makes a focused branch, with the answers of the command line", async () => {
  const at = await clone();
  await approve(at);
  at.commit("mine", { "notes.txt": "mine\n" });
  at.commit("login", { "src/login/form.ts": "better\n" });
  await using ledger = await openLedger({ actor: "ops", cwd: at.folder });
  const mission = ledger.mission("p");
  const env = cloneEnvironment;
  const report = await mission.preflight({ env });
  expect(report).toMatchObject({ ok: false, state: "ahead", ahead: 2, target: "main" });
  expect(report.remediation[0]?.command).toBe("mled focus p --apply");

  const planned = await mission.focus({ env });
  expect(planned).toMatchObject({ outcome: "planned", branch: "focus/p-to-main" });
  const made = await mission.focus({ env, apply: true });
  expect(made).toMatchObject({ outcome: "created", built: { head: planned.built?.head } });
  expect(at.git("rev-parse", "focus/p-to-main")).toBe(planned.built?.head);
  expect((await at.shell.json("focus", "p")).data).toMatchObject({
    outcome: "there",
    commit: planned.built?.head,
  });
  await expect(mission.preflight({ env, target: "main~1" })).rejects.toMatchObject({
    code: "GIT_NAME_INVALID",
  });
});
