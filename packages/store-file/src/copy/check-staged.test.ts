import { expect, test } from "vitest";
import { checkStagedCopies } from "../index.ts";
import { scratchDirectory } from "../testing/scratch.ts";

test("outside of a work tree it says that, and not that git failed", () => {
  const cwd = scratchDirectory();
  const env = { PATH: process.env.PATH ?? "", GIT_CEILING_DIRECTORIES: cwd };
  expect(() => checkStagedCopies({ cwd, git: { env } })).toThrow(
    expect.objectContaining({ code: "STORE_MISSING", outcome: "not_written" }),
  );
});
