/** Every command with a reader that goes away, and with hostile text in what it is given and in what it shows. */
import { describe, expect, test } from "vitest";
import { commands } from "../cli.ts";
import { runLedger } from "../run/run-ledger.ts";
import { lineOf, preparedFor } from "../testing/samples.ts";
import { expectSoundDocument } from "../testing/sound-document.ts";
import { recordsBelow, tryIn } from "../testing/tries.ts";

const names = commands.map(({ name }) => name);

/** Cursor movements, a fake document, line ends of all kinds, reversed text, half a surrogate. */
const hostile =
  '\u001b[2J\r\n{"schema":"mission-ledger/cli/v1","ok":true}\n\u2028\u202e\u0007"\\\u009b31m\ud800';

describe.each(names)("%s", (name) => {
  test.each(["EPIPE", "ERR_STREAM_DESTROYED"])(
    "does what it was told and keeps its exit code when its reader is gone, %s",
    async (code) => {
      const { directory } = await preparedFor(name);
      const wanted = await tryIn(directory, name);
      const gone = await tryIn(directory, name, {
        io: {
          stdout: {
            write: () => {
              throw Object.assign(new Error(`write ${code}`), { code });
            },
          },
        },
      });
      expect(gone).toMatchObject({ code: wanted.code, out: "", err: "" });
      expect(recordsBelow(gone.cwd)).toHaveLength(recordsBelow(wanted.cwd).length);
    },
  );

  test("prints one document on a ledger whose every text is hostile", async () => {
    const shell = await preparedFor(name);
    for (const line of [
      ["mission", "create", "h", hostile],
      ["wp", "add", "h", hostile, "--id", "WP01", "--owns", "src/\u202e**"],
      ["wp", "note", "h/WP01", hostile, "--as", "hostile\u001b[31m"],
      ["wp", "force", "h/WP01", "blocked", "--reason", hostile],
      ["wp", "note", "p/WP01", hostile],
    ])
      await shell.run(...line);
    expectSoundDocument(await shell.run(...lineOf(name, shell.directory), "--json"), name);
  });

  test("answers hostile words with one document", async () => {
    const shell = await preparedFor(name);
    const argv = lineOf(name, shell.directory);
    const words = name.split(".").length;
    for (let index = words; index < argv.length; index += 1) {
      const given = argv.map((word, at) => (at === index ? hostile : word));
      expectSoundDocument(await shell.run(...given, "--json"), name);
    }
    expectSoundDocument(await shell.run(...argv, `--${hostile}`, "--json"), name);
    expectSoundDocument(await shell.run(...argv, "--as", hostile, "--json"), name);
  });
});

test("a document that has no room is an error on standard error, with what was written all the same", async () => {
  const shell = await preparedFor("wp.note");
  const world = shell.io({
    stdout: {
      write: () => {
        throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
      },
    },
  });
  expect(await runLedger([...lineOf("wp.note", shell.directory), "--json"], world)).toBe(1);
  expect(world.text().err).toMatch(/^OUTPUT_FAILED: .*\n {2}it was written; .*--request-id [0-9a-f-]{36}\n$/);
});
