/** The preflight as git's own hook: a merge by hand is stopped where the target is not in sync. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { buildFirst, program } from "../testing/built-program.ts";
import { clone, cloneEnvironment } from "../testing/clones.ts";

buildFirst();

describe("a preflight before each merge", () => {
  test("stops a local merge onto a main that has gone its own way, and lets one pass that has not", async () => {
    const at = await clone();
    const hook = path.join(at.folder, ".git", "hooks", "pre-merge-commit");
    fs.mkdirSync(path.dirname(hook), { recursive: true });
    fs.writeFileSync(hook, `#!/bin/sh\nexec '${process.execPath}' '${program}' preflight p\n`, {
      mode: 0o755,
    });
    at.git("checkout", "--quiet", "-b", "lane");
    at.commit("work", { "src/login/form.ts": "better\n" });
    at.git("checkout", "--quiet", "main");
    const merge = () =>
      spawnSync("git", ["-C", at.folder, "merge", "--no-ff", "-m", "merge", "lane"], {
        env: cloneEnvironment,
      });

    const before = at.commit("mine", { "notes.txt": "mine\n" });
    const stopped = merge();
    expect(stopped.status).not.toBe(0);
    expect(stopped.stderr.toString()).toContain(
      "TARGET_NOT_IN_SYNC: p: main is 1 commit ahead of origin/main",
    );
    expect(at.git("rev-parse", "main")).toBe(before);
    at.git("merge", "--abort");

    at.git("reset", "--quiet", "--hard", "origin/main");
    const passed = merge();
    expect(passed.stderr.toString()).toContain("ok    main is where origin/main is");
    expect(passed.status).toBe(0);
    expect(at.git("log", "-1", "--format=%s", "main")).toBe("merge");
  });
});
