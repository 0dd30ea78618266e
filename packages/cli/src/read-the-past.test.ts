/** docs/how-to/read-the-past.md prints what the commands print. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { parseArgs } from "./testing/parse-args.ts";
import { session } from "./testing/session.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../../docs/how-to/read-the-past.md"), "utf8");
const hour = 3_600_000;

/** Each `$ mled …` of the page with the lines below it. */
const shown = [...page.matchAll(/^```\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [line = "", ...output] = part.trimEnd().split("\n");
      return { line, output };
    }),
);

/** Ids differ, and so does the room that columns take. */
const plain = (line: string): string =>
  line
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{4}…/g, "<id>")
    .replace(/\s+/g, " ")
    .trim();

test("the page shows commands that run, and what they print", async () => {
  const shell = session();
  await shell.run("init");
  await shell.run("mission", "create", "passkeys", "Log in with passkeys");
  await shell.run("wp", "add", "passkeys", "Login form", "--id", "WP01");
  await shell.run("wp", "add", "passkeys", "Verify token", "--after", "WP01");
  await shell.run("wp", "add", "passkeys", "Docs", "--id", "WP03");
  shell.pass(hour);
  await shell.run("wp", "claim", "passkeys/WP01", "--as", "ada");
  shell.pass(hour);
  await shell.run("wp", "move", "passkeys/WP01", "in_progress", "--as", "ada");
  shell.pass(hour);

  expect(shown.length).toBeGreaterThan(7);
  for (const { line, output } of shown) {
    const [, ...argv] = parseArgs(line);
    const undoes = argv[0] === "undo" ? ["--as", "ada"] : [];
    const ran = await shell.run(...argv, ...undoes);
    expect(ran.code, line).toBe(output[0]?.startsWith("INPUT_REQUIRED") ? 4 : 0);
    const printed = (ran.out + ran.err).split("\n").map(plain);
    for (const expected of output) expect(printed, line).toContain(plain(expected));
  }
});
